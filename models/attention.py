"""Local attention as a module (paper, section 3.2).

B batch, C channels, A hidden channels, H, W size of the source, h, w size of target and flow, k kernel size.
"""

from typing import cast

from torch import Tensor, nn

from models.layers import activation
from models.ops.local_attention import local_attention, project_source


class LocalAttention(nn.Module):
    """Target positions look at the k x k patch of the source around their flowed position.

    `fully_connect_layer` holds the parameters under the authors' keys; the op computes with them in another order.
    """

    def __init__(self, *, channels: int, kernel_size: int, hidden: int = 128, softmax: bool = True) -> None:
        super().__init__()
        self.channels, self.kernel_size, self.softmax = channels, kernel_size, softmax
        self.fully_connect_layer = nn.Sequential(
            nn.Conv2d(2 * channels, hidden, kernel_size, stride=kernel_size),
            activation(),
            nn.Conv2d(hidden, kernel_size**2, 1),
        )

    def project(self, source: Tensor) -> Tensor:
        """The part [B,A,H+k-1,W+k-1] of the attention that depends on the source [B,C,H,W] alone."""
        return project_source(source, self._convolution(0).weight[:, self.channels :])

    def attend(
        self, source: Tensor, target: Tensor, flow: Tensor, *, projected: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Result [B,C,h,w] and attention [B,k*k,h,w]; see `models.ops.local_attention.local_attention`."""
        first, head = self._convolution(0), self._convolution(2)
        return local_attention(
            source,
            target,
            flow,
            weight=first.weight,
            bias=cast(Tensor, first.bias),
            head_weight=head.weight,
            head_bias=cast(Tensor, head.bias),
            softmax=self.softmax,
            projected=projected,
        )

    def forward(self, source: Tensor, target: Tensor, flow: Tensor, *, projected: Tensor | None = None) -> Tensor:
        """Source [B,C,H,W], target [B,C,h,w], flow [B,2,h,w] in source pixels -> [B,C,h,w]."""
        return self.attend(source, target, flow, projected=projected)[0]

    def _convolution(self, index: int) -> nn.Conv2d:
        return cast(nn.Conv2d, self.fully_connect_layer[index])
