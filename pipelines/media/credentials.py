"""Content Credentials (C2PA): outputs signed with the user's own certificate, which say that gfla generated them.

In: a finished file. Out: the same with a signed manifest. Called by the writers of this room; `check_credentials`
refuses early what can't work. Needs the extra `c2pa`, which is imported here alone.
"""

import json
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from models.errors import BackendUnavailable, InputError, ProcessingError, install_command
from pipelines.option_groups import OutputOptions
from pipelines.runtime.versions import versions

SUFFIXES = (".mp4", ".m4v", ".mov", ".gif", ".png", ".jpg", ".jpeg", ".webp")
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True)
class Credentials:
    """What signs outputs."""

    certificate: Path
    """Chain of certificates in PEM, that of the key first."""
    key: Path
    """Private key in PEM, without a password: EC on P-256, P-384 or P-521, Ed25519, or RSA."""

    def sign(self, path: Path) -> None:
        """Put a signed manifest into a finished file.

        Raises:
            ProcessingError: certificate and key don't fit each other, or the certificate isn't for signing documents.
        """
        c2pa = _load_library()
        action = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE}
        manifest = {
            "claim_generator_info": [{"name": "gfla", "version": versions(("gfla",))["gfla"]}],
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
        }
        signed = path.with_name(f"{path.stem}.signed{path.suffix}")
        try:
            chain, key = self.certificate.read_bytes(), self.key.read_bytes()
            info = c2pa.C2paSignerInfo(_find_algorithm(key, self.key), chain, key, None)
            with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(manifest)) as builder:
                builder.sign_file(path, signed, signer)
            os.replace(signed, path)
        except c2pa.C2paError as error:
            reason = " ".join(str(error).split())
            raise ProcessingError(f"can't sign with {self.certificate} and {self.key}: {reason}") from error
        finally:
            signed.unlink(missing_ok=True)


def find_credentials(options: OutputOptions) -> Credentials | None:
    """What the options name; None if they name nothing."""
    if options.c2pa_certificate is None or options.c2pa_key is None:
        return None
    return Credentials(options.c2pa_certificate, options.c2pa_key)


def check_credentials(options: OutputOptions, path: Path) -> None:
    """Check before the work that the output can be signed, if the options ask for it.

    Raises:
        InputError: certificate or key is missing or no PEM file, or the output can't be signed.
        BackendUnavailable: the extra `c2pa` is not installed.
    """
    given = (options.c2pa_certificate, options.c2pa_key)
    if given == (None, None):
        return
    if None in given:
        raise InputError("--c2pa-certificate and --c2pa-key go together: pass both")
    if path.suffix.lower() not in SUFFIXES or "%" in path.name or path.is_dir():
        raise InputError(f"output {path} can't be signed: use {', '.join(SUFFIXES)}, or omit --c2pa-certificate")
    _load_library()
    for file, kind in zip(given, ("CERTIFICATE", "PRIVATE KEY"), strict=True):
        assert file is not None
        try:
            text = file.read_bytes()
        except OSError as error:
            raise InputError(f"{file} can't be read: {error.strerror or error}") from None
        if f"{kind}-----".encode() not in text:
            raise InputError(f"{file} holds no {kind.lower()} in PEM (text that begins with -----BEGIN)")
    assert options.c2pa_key is not None
    _find_algorithm(options.c2pa_key.read_bytes(), options.c2pa_key)


def _load_library() -> Any:
    try:
        return import_module("c2pa")
    except ImportError:
        raise BackendUnavailable(f"signing needs c2pa-python: {install_command('c2pa')}") from None


def _find_algorithm(key: bytes, path: Path) -> str:
    """The name of the signature that a private key makes. Raises InputError for other keys."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # which c2pa-python needs, too
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is no private key that can be used: {error}") from None
    curves = {256: "es256", 384: "es384", 521: "es512"}
    if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.key_size in curves:
        return curves[found.curve.key_size]
    if isinstance(found, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(found, rsa.RSAPrivateKey):
        return "ps256"
    raise InputError(f"{path} is of a kind that C2PA doesn't know: use EC on P-256, P-384 or P-521, Ed25519 or RSA")
