"""Detail head: copies pixels from the previous frame and the reference image where the flow finds them.

Our addition to the paper. In: the decoder's last features, the generated image, both source images and their finest
flows and masks. Out: a sharper image. Used by the animation and the view-synthesis generator.

B batch, C features, I image channels, H, W image size, h, w size of the finest flow. Images are in [-1, 1]; flow is
backward flow in pixels of its own map, channel 0 = x; masks are in (0, 1), 1 means "take the warped source".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.choice import choose_sources, mix
from models.doubt import measure_difference, measure_distortion
from models.fused import Unfinished, convolve, pad_convolution, padded
from models.layers import activation, zero_parameters
from models.ops.local_attention import SLOPE
from models.ops.neighbours import can_fuse
from models.ops.sampling import warp

MOVED = 6.0  # subtracted from the logit of a source that shows what has moved away
DISTORTED = 0.25  # cost of the largest distortion, in means that differ by 1


@dataclass(frozen=True)
class Detail:
    """What the head decided, so that the same can be done at another resolution."""

    flow_previous: Tensor
    """[B,2,H,W] flow into the previous frame, in image pixels."""

    flow_reference: Tensor
    """[B,2,H,W] flow into the reference image, in image pixels."""

    blend: Tensor
    """[B,3,H,W] weights of the generated image, the warped previous frame and the warped reference, followed by those
    of the reference's further images; they sum to 1."""

    warped_previous: Tensor
    """[B,I,H,W] the previous frame, warped by its flow."""

    warped_reference: Tensor
    """[B,I,H,W] the reference image, warped by its flow."""

    flows_others: tuple[Tensor, ...] = ()
    """[B,2,H,W] flows into the reference's further images, in image pixels."""

    warped_others: tuple[Tensor, ...] = ()
    """[B,I,H,W] these images, warped by their flows."""

    def compose(self, generated: Tensor) -> Tensor:
        """Blend the generated image [B,I,H,W] with the warped images -> [B,I,H,W]."""
        weights = self.blend.split(1, dim=1)  # [B,1,H,W] each
        result = generated * weights[0] + self.warped_previous * weights[1] + self.warped_reference * weights[2]
        for warped, weight in zip(self.warped_others, weights[3:], strict=True):
            result = result + warped * weight
        return result


class DetailHead(nn.Module):
    """Refines the finest flows to the image's resolution and blends both warped images with the generated one.

    Args:
        channels: C.
        hidden: channels of the blending convolutions.
        scale: H / h.
        image_channels: channels of the images.
        restraint: subtracted from the blend's logits of the generated image and of the previous frame in eval mode, so
            that what the reference shows is copied from it rather than generated again or copied from a copy.
        doubt: how fast a source's logit falls in eval mode with what `models.doubt` finds wrong; 0 for never.
    """

    def __init__(
        self,
        *,
        channels: int,
        hidden: int,
        scale: int,
        image_channels: int = 3,
        restraint: tuple[float, float] = (0.0, 0.0),
        doubt: float = 0.0,
    ) -> None:
        super().__init__()
        self.scale, self.doubt = scale, doubt
        self.register_buffer("restraint", torch.tensor([*restraint, 0.0]).view(3, 1, 1), persistent=False)
        self.before = activation()
        self.residual = nn.Conv2d(channels, 4, 3, padding=1)
        zero_parameters(self.residual)
        self.blend = nn.Sequential(
            nn.Conv2d(channels + 2 * image_channels + 2, hidden, 3, padding=1),
            activation(),
            nn.Conv2d(hidden, 3, 3, padding=1),
        )
        self.fused: FusedDetail | None = None  # in networks that are prepared for inference

    def forward(
        self,
        features: Tensor,
        generated: Tensor,
        previous: Tensor,
        references: Sequence[Tensor],
        flows: Sequence[Tensor],
        masks: Sequence[Tensor],
        moved: Sequence[Tensor] = (),
    ) -> tuple[Tensor, Detail]:
        """Sharpen the generated image.

        Args:
            features: [B,C,H,W], the decoder's last.
            generated, previous: [B,I,H,W].
            references: [B,I,H,W], the reference and its further images, if there are any.
            flows: [B,2,h,w] into the previous frame and into each reference.
            masks: [B,1,h,w] of the same.
            moved: [B,1,h,w] of the same in 0 to 1, where they show what has moved away and must not be copied in eval
                mode; none if nothing is known of that.

        Returns:
            The image [B,I,H,W], and how it was composed.
        """
        if self.fused is not None and len(references) == 1 and can_fuse(features) and not self.training:
            penalties = self.find_penalties(flows, moved)
            return self.fused(features, generated, (previous, *references), flows, masks, penalties)
        residual, hidden = self._convolve_features(self.before(features))
        residual_previous, residual_reference = residual.split(2, dim=1)
        coarse = (self._upsample(torch.cat(list(flows), dim=1)) * self.scale).split(2, dim=1)  # [B,2,H,W] each
        flow_previous = coarse[0] + residual_previous
        flow_references = [flow + residual_reference for flow in coarse[1:]]
        warped_previous = warp(previous, flow_previous)
        warped = [warp(image, flow) for image, flow in zip(references, flow_references, strict=True)]
        shares = choose_sources(masks[1:])
        penalties = [] if self.training else self.find_penalties(flows, moved)
        if penalties:
            penalties = [penalties[0], mix(penalties[1:], shares)]
        mask = self._upsample(torch.cat([masks[0], mix(masks[1:], shares)], dim=1))
        shares = [self._upsample(share) for share in shares]
        sources = warped_previous, mix(warped, shares)
        candidates = torch.cat([*sources, mask], dim=1)
        first, act, last = self.blend
        weight = cast(Tensor, first.weight)[:, features.shape[1] :]
        logits = last(act(hidden + F.conv2d(candidates.to(hidden.dtype), weight, padding=1)))
        logits = logits.to(flow_previous.dtype).contiguous()  # dense, as the flows are
        if not self.training:
            logits = logits - cast(Tensor, self.restraint).to(logits.dtype)
            logits = self.distrust(logits, generated, sources, penalties)
        blend = logits.softmax(dim=1)
        if len(references) > 1:
            parts = [blend[:, 2:] * share.to(blend.dtype) for share in shares]
            blend = torch.cat([blend[:, :2], *parts], dim=1)  # [B,2+K,H,W] of K references
        own, *others = (tuple(each) for each in zip(flow_references, warped, strict=True))
        further = [tuple(each) for each in zip(*others, strict=True)] if others else []
        detail = Detail(flow_previous, own[0], blend, warped_previous, own[1], *further)
        return detail.compose(generated), detail

    def _convolve_features(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The features' share of both first convolutions, in one: residual flows [B,4,H,W], hidden [B,hidden,H,W]."""
        first = cast(nn.Conv2d, self.blend[0])
        weights = self.residual.weight, first.weight[:, : features.shape[1]]
        biases = cast(Tensor, self.residual.bias), cast(Tensor, first.bias)
        both = F.conv2d(features, torch.cat(weights), torch.cat(biases), padding=1)
        residual, hidden = both.split([weights[0].shape[0], weights[1].shape[0]], dim=1)
        # Dense: adding a slice of the channels, or to it, is slow, above all in bfloat16.
        return residual.contiguous(), hidden.clone()

    def find_penalties(self, flows: Sequence[Tensor], moved: Sequence[Tensor]) -> list[Tensor]:
        """What the logits of sources lose for their flows [B,2,h,w], and for what has moved away: [B,1,h,w] each."""
        penalties = [MOVED * each for each in moved]
        if self.doubt:
            distorted = measure_distortion(torch.cat(list(flows))) * (self.doubt * DISTORTED)
            parts = distorted.chunk(len(flows))
            penalties = [one + other for one, other in zip(penalties, parts, strict=True)] if moved else list(parts)
        return penalties

    def distrust(
        self, logits: Tensor, generated: Tensor, sources: Sequence[Tensor], penalties: Sequence[Tensor]
    ) -> Tensor:
        """Lower the logits [B,3 or more,H,W] of two warped sources [B,I,H,W], in place.

        penalties: [B,1,h,w] of each; where they differ from the generated image [B,I,H,W] is added to them.
        """
        if self.doubt:
            differences = [measure_difference(source, generated, self.scale) for source in sources]
            pairs = zip(penalties, differences, strict=True)
            penalties = [penalty + self.doubt * difference for penalty, difference in pairs]
        if penalties:
            logits[:, 1:3] -= self._upsample(torch.cat(list(penalties), 1))
        return logits

    def _upsample(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)


class FusedDetail(nn.Module):
    """A detail head's convolutions with kernels in between, for inference on CUDA with one reference.

    The flows' residuals and the features' share of the hidden channels are one map, to which the candidates' share is
    added; nothing reads the residuals after that. Channels are padded with zeros, see `pad_convolution`.
    """

    def __init__(self, head: DetailHead) -> None:
        super().__init__()
        first, _, last = cast(Sequence[nn.Conv2d], head.blend)
        channels, flows = head.residual.in_channels, head.residual.out_channels
        share, rest = first.weight[:, :channels], first.weight[:, channels:]
        biases = cast(Tensor, head.residual.bias), cast(Tensor, first.bias)
        hidden, candidates = padded(flows + first.out_channels), padded(rest.shape[1])
        weight = torch.cat([head.residual.weight, share])
        self.features = pad_convolution(weight, torch.cat(biases), inputs=channels, outputs=hidden)
        weight = F.pad(rest, (0, 0, 0, 0, 0, 0, flows, 0))
        self.candidates = pad_convolution(weight, None, inputs=candidates, outputs=hidden)
        weight = F.pad(last.weight, (0, 0, 0, 0, flows, 0))
        self.last = pad_convolution(weight, last.bias, inputs=hidden, outputs=padded(last.out_channels))
        self.register_buffer("restraint", cast(Tensor, head.restraint).flatten(), persistent=False)
        self.distrust = head.distrust

    def forward(
        self,
        features: Tensor,
        generated: Tensor,
        pictures: Sequence[Tensor],
        flows: Sequence[Tensor],
        masks: Sequence[Tensor],
        penalties: Sequence[Tensor],
    ) -> tuple[Tensor, Detail]:
        """As of `DetailHead`; pictures: the previous frame and the reference, [B,I,H,W] each; penalties: of both, see
        `DetailHead.find_penalties`."""
        from models.ops.detail_triton import compose_triton, gather_candidates_triton

        shared = convolve(self.features, Unfinished(features).finish(SLOPE))
        found, warped, candidates = gather_candidates_triton(
            pictures, flows, masks, shared.x, cast(Tensor, shared.shift), count=self.candidates.in_channels
        )
        logits = convolve(self.last, convolve(self.candidates, candidates).finish(SLOPE, other=shared))
        self.distrust(logits.x, generated, warped, penalties)
        bias, restraint = cast(Tensor, logits.shift), cast(Tensor, self.restraint)
        image, blend = compose_triton(generated, warped, logits.x, bias, restraint)
        return image, Detail(found[0], found[1], blend, warped[0], warped[1])
