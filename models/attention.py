"""Local attention as a module (paper, section 3.2; official format, section 3.3).

In: feature maps of source and target and a flow between them. Out: the source's features where the target needs them.
Used by the target decoder in `models.generators.parts`. The computation is in `models.ops.local_attention`.

B batch, C channels, A hidden channels, H, W size of the source, h, w size of target and flow, k kernel size. Flow is
backward flow in pixels of the source map, channel 0 = x.
"""

from typing import cast

from torch import Tensor, nn

from models.layers import activation
from models.ops.local_attention import local_attention, project_source


class LocalAttention(nn.Module):
    """Each target position attends to the k x k patch of the source around the position its flow points to.

    `fully_connect_layer` holds the parameters under the authors' state-dict keys; the op uses them in another order.

    Args:
        channels: C of source and target.
        kernel_size: k; an even kernel reaches one pixel further to the left and top.
        hidden: A.
        softmax: normalise the k*k weights; otherwise they pass through the leaky ReLU.
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
        """Source [B,C,H,W] -> the part of the first layer that depends on it alone, [B,A,H+k-1,W+k-1].

        Compute it once for a source that is used again, and pass it to `forward` as `projected`.
        """
        return project_source(source, self._convolution(0).weight[:, self.channels :])

    def attend(
        self, source: Tensor, target: Tensor, flow: Tensor, *, projected: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Like `forward`, and also return the attention weights [B,k*k,h,w].

        Raises:
            ValueError: the shapes don't fit together.
        """
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
        """Fetch features of the source for every target position.

        Args:
            source: [B,C,H,W].
            target: [B,C,h,w].
            flow: [B,2,h,w].
            projected: `project(source)`, if it is known already.

        Returns:
            [B,C,h,w]; softmax weights are divided by k*k once more, as in the official code (official format,
            section 4).

        Raises:
            ValueError: the shapes don't fit together.
        """
        return self.attend(source, target, flow, projected=projected)[0]

    def _convolution(self, index: int) -> nn.Conv2d:
        return cast(nn.Conv2d, self.fully_connect_layer[index])
