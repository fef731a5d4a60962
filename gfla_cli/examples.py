"""Examples at the end of `gfla COMMAND --help`, by command. A line is what a user types; its files need not exist."""

from typing import Any

import typer

EXAMPLES = {
    "demo": (
        "gfla demo",
        "gfla demo some-folder/ --overwrite",
    ),
    "preview": (
        "gfla preview photo.jpg dance.mp4",
        "gfla preview photo.jpg dance.mp4 -o sheet.png --quality best --background teal",
    ),
    "animate": (
        "gfla animate photo.jpg dance.mp4",
        "gfla animate photo.jpg dance.mp4 -o out.webm --start 0:10 --end 0:20",
        "gfla animate photo.jpg dance.mp4 --compare --debug flow,mask",
    ),
    "pose": (
        "gfla pose photo.jpg target.jpg",
        "gfla pose photo.jpg a.jpg b.json -o poses/",
        "gfla pose photo.jpg target.jpg --retarget none --frame crop",
    ),
    "face": (
        "gfla face photo.jpg speech.mp4 --compare",
        "gfla face photo.jpg speech.mp4 -o out.mp4 --landmarks points/",
    ),
    "view-synth": (
        "gfla view-synth car.png --category car",
        "gfla view-synth car.png --category car -o car.glb",
        "gfla view-synth a.png b.png --category chair --azimuth 30 -o turntables/",
    ),
    "check": (
        "gfla check photo.jpg dance.mp4",
        "gfla check photo.jpg dance.mp4 --thorough --json",
    ),
    "ui": (
        "gfla ui",
        "gfla ui out/ --port 8000 --no-open",
    ),
    "batch": (
        "gfla batch people/ dances/ -o out/",
        "gfla batch 'people/*.png' poses/ -o out/ --command pose --workers 4",
        "gfla batch jobs.csv -o out/ --retry-failed",
    ),
    "rerun": (
        "gfla rerun photo--dance.mp4",
        "gfla rerun report.json -o again.mp4",
        "gfla rerun photo--dance.mp4 --inputs originals/ --force",
    ),
    "keypoints": (
        "gfla keypoints dance.mp4 -o dance.json --layout h36m17 --max-frames 100",
        "gfla keypoints dance.mp4 -o dance.json --hands --face --mask --debug skeleton",
        "gfla keypoints openpose/ -o dance.json --fps 25",
    ),
    "train": (
        "gfla train animate --steps 2000",
        "gfla train pose --config pose_fashion --data fashion/ --out runs/pose",
        "gfla train pose --config pose_fashion --data fashion/ --out runs/pose --resume",
    ),
    "evaluate": (
        "gfla evaluate results/ truth/",
        "gfla evaluate result.mp4 truth.mp4 --metric psnr,ssim,flicker",
        "gfla evaluate results/ truth/ --fid-reference train/ --fetch --json",
    ),
    "data check": (
        "gfla data check fashion/ --as fashion",
        "gfla data check iper/ --as dance-iper --phase test",
    ),
    "weights list": (
        "gfla weights list",
        "gfla weights list --json",
    ),
    "weights verify": ("gfla weights verify",),
    "weights path": (
        "gfla weights path person",
        "gfla weights path",
    ),
    "weights import": (
        "gfla weights import latest_net_G.pth --as face --name ren_face",
        "gfla weights import latest_net_G.pth --as pose_fashion --name mine",
        "gfla weights import mine --export latest_net_G.pth",
    ),
    "weights fetch": (
        "gfla weights fetch mediapipe",
        "gfla weights fetch mediapipe --from mediapipe-0.10.21.whl",
    ),
    "weights run": (
        "gfla weights run person in.safetensors -o out.safetensors",
        "gfla weights run dance_iper in.safetensors -o out.safetensors --precision fp64",
    ),
    "doctor": (
        "gfla doctor",
        "gfla doctor --json",
    ),
}


def add_examples(app: typer.Typer, group: str = "") -> None:
    """Give every command of `app`, and of the groups in it, the examples as the end of its help."""
    for command in app.registered_commands:
        if lines := EXAMPLES.get(f"{group}{command.name or _name(command)}"):
            command.epilog = "\n".join(["Examples:", *lines])
    for each in app.registered_groups:
        if each.typer_instance is not None:
            add_examples(each.typer_instance, f"{each.name} ")


def _name(command: Any) -> str:
    """The name that Typer gives a command without one: that of its function."""
    return command.callback.__name__.replace("_", "-")
