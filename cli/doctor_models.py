"""The part of main.py doctor about models that people bring themselves: none of it decides whether the default path works."""

from __future__ import annotations

from cli.findings import Findings
from core.user_models.checks import Finding, size_text
from core.user_models.contents import State
from core.user_models.folder import VARIABLE
from core.user_models.packages import PACKAGES
from core.user_models.setup import Survey, survey


def report_models(findings: Findings) -> None:
    """Each model with its state, then the packages, then what can be extracted and which manifolds that serves."""
    seen = survey()
    findings.more(f"They lie in {seen.folder} (another folder: set {VARIABLE}). Nothing of it is bundled or downloaded.")
    for finding in seen.findings:
        _tell_model(findings, finding)
    for package in PACKAGES:
        version = seen.packages[package.module]
        if version is None:
            findings.note(f"package {package.module}", f"{package.purpose}; {package.how}")
        else:
            findings.ok(f"package {package.module}", version)
    _tell_setup(findings, seen)


def _tell_model(findings: Findings, finding: Finding) -> None:
    file = finding.file
    if finding.ready:
        findings.ok(file.title, finding.text)
        return
    (findings.note if finding.state == State.MISSING else findings.wrong)(file.title, finding.text)
    findings.more(file.purpose)
    size = "" if file.size is None else f", about {size_text(file.size)}"
    findings.more(f"Published by {file.publisher}{size}. Licence: {file.licence}.")


def _tell_setup(findings: Findings, seen: Survey) -> None:
    given = [source.name for source in seen.setup.sources]
    if given:
        findings.ok("extractor reference", f"can give {', '.join(given)}")
    for reason in seen.setup.lacking.values():
        findings.note("extractor reference", reason)
    for manifold in seen.manifolds:
        if manifold.bundled:
            findings.ok(f"manifold {manifold.name}", "is for the extractor 'blazepose', which needs none of this")
        elif not manifold.lacking:
            findings.ok(f"manifold {manifold.name}", "the extractor 'reference' can serve it")
        for reason in manifold.lacking if not manifold.bundled else ():
            findings.note(f"manifold {manifold.name}", reason)
    if not given:
        findings.more("The extractor 'blazepose' works meanwhile; its scores are Telltale's own.")
