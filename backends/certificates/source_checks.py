"""Where certificates come from: whether imported files are as installed, whether ACME works."""

from datetime import datetime
from pathlib import Path

from backends.certificates import authority, refusals
from backends.certificates.acme import issued
from backends.certificates.imported import UnusableCertificate, read_imported, unknown_issuer
from backends.certificates.settings import KEY_KINDS, CertificatesSettings
from backends.checks import Finding, fail, ok, warn
from backends.language import _
from backends.mends import replay


def imported_files(settings: CertificatesSettings) -> Finding:
    """Whether the files hold what is installed, and what a person should know of them."""
    if settings.imported is None:
        raise ValueError("nothing was imported")
    again = _("mailstead cert import CERTIFICATE KEY")
    try:
        found = read_imported(settings.imported, settings.hostname)
    except UnusableCertificate as problem:
        seen = _("what was installed is served on; the files can't be taken again: {why}")
        return warn(
            seen.format(why="; ".join(problem.seen.splitlines())), _("files that can be served"), again
        )
    (files,) = settings.served
    if Path(files.combined).read_bytes() != found.key + found.chain:
        return warn(
            _("the files have changed since they were installed"),
            _("the new certificate in force"),
            _("mailstead replay"),
            replay("certificates"),
        )
    remarks = list(found.remarks)
    if issuer := unknown_issuer(found):
        words = _(
            "this machine does not know {issuer}: a certificate in between is missing in the file, or it "
        )
        remarks.append(words.format(issuer=issuer) + _("is a private authority"))
    if remarks:
        return warn("; ".join(remarks), _("a whole chain and a strong key"), again)
    return ok(_("as installed"))


def issued_by_acme(settings: CertificatesSettings) -> Finding:
    """Whether the authority has issued a certificate of each kind, and did not refuse when asked last."""
    if settings.acme is None:
        raise ValueError("no authority is asked")
    pairs = {kind: issued(kind, settings.all_names) for kind in KEY_KINDS}
    refusal = refusals.last_refusal(settings.state_directory)
    if refusal:
        seen = _("{message}, {at:%Y-%m-%d %H:%M} UTC: {seen}").format(
            message=refusal.message,
            at=datetime.fromisoformat(refusal.at),
            seen=" ".join(refusal.seen.split()),
        )
        if all(pairs.values()):
            return warn(seen, _("a renewal in time"), refusal.next_step, replay("certificates"))
        seen += _("; until it issues, certificates of the own authority are served")
        return fail(seen, _("certificates of that authority"), refusal.next_step, replay("certificates"))
    missing = ", ".join(kind.upper() for kind, pair in pairs.items() if pair is None)
    if missing:
        return fail(
            _("there is no {kinds} certificate from {directory}").format(
                kinds=missing, directory=settings.acme.directory
            ),
            _("one of each kind"),
            _("mailstead replay"),
            replay("certificates"),
        )
    found = [authority.read_certificate(pair.chain) for pair in pairs.values() if pair]
    days = min(authority.days_left(one) for one in found if one)
    return ok(
        _("issued by {directory}, {days} days left").format(directory=settings.acme.directory, days=days)
    )
