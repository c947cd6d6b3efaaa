"""Speaks with a DNS provider, in a process of its own: only here are lexicon's packages to be seen.

Called as `python -I inside.py DIRECTORY`, with the directory that lexicon is installed in. A request comes in
as one JSON document, secrets included; the answer goes out as another. It decides nothing: what is to be
changed, and whether it came out right, is for backends/dns/publish_provider.py to say.

lexicon's own command line would not do: it knows neither CAA nor TLSA, and guesses which zone a name lies in.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

PATIENCE = 20.0
"""Seconds that a provider may be silent."""

_REFUSED = frozenset({401, 403})
_FEWEST_LABELS = 2
"""No provider lets anybody have a whole top-level domain."""

Answer = dict[str, Any]
Open = Callable[[str], Any]
"""Gives lexicon's provider for a zone that it holds."""


class Stopped(Exception):
    """What makes going on useless. `kind` is unknown (provider), unavailable, incomplete, refused, silent,
    elsewhere (no such zone there) or failed.
    """

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind, self.words = kind, words


def answer(request: Answer) -> Answer:
    """What came of the request: {"error": KIND, "words": …} where nothing could be done at all."""
    try:
        opening = _opening(request["provider"], request["credentials"])
        if "names" in request:
            return _look(opening, request["names"])
        return _change(opening(request["zone"]), request["changes"])
    except Stopped as stopped:
        return {"error": stopped.kind, "words": stopped.words}


def _opening(name: str, credentials: dict[str, str]) -> Open:
    from lexicon._private.discovery import find_providers, load_provider_module
    from lexicon.config import ConfigResolver

    available = find_providers()
    if name not in available:
        raise Stopped("unknown", " ".join(available))
    try:
        module = load_provider_module(name)
    except ImportError as problem:
        raise Stopped("unavailable", _words(problem)) from problem
    _be_patient()

    def opened(zone: str) -> Any:
        options: Answer = {"provider_name": name, "domain": zone, name: credentials}
        try:
            provider = module.Provider(ConfigResolver().with_dict(options))
        except Exception as problem:
            raise Stopped("incomplete", _words(problem)) from problem
        provider.options_of_mailstead = options
        try:
            provider.authenticate()
        except Exception as problem:
            raise Stopped(_kind(problem), _words(problem)) from problem
        return provider

    return opened


def _be_patient() -> None:
    """Lexicon itself would wait for ever."""
    import requests

    send = requests.Session.send

    def patient(session: Any, prepared: Any, **options: Any) -> Any:
        return send(session, prepared, **{**options, "timeout": options.get("timeout") or PATIENCE})

    requests.Session.send = patient


def _look(opening: Open, names: list[str]) -> Answer:
    """The zones that the names lie in, and every record there under one of the names."""
    zones: dict[str, str] = {}
    records: list[Answer] = []
    tried: dict[str, str] = {}
    held: list[str] = []
    for name in sorted(names, key=lambda one: one.count(".")):
        zone = next((one for one in held if f".{name}".endswith(f".{one}")), "")
        for candidate in () if zone else _candidates(name):
            if candidate in tried:
                continue
            try:
                provider = opening(candidate)
                records += [_row(one) for one in provider.list_records()]
            except Stopped as stopped:
                if stopped.kind != "elsewhere":
                    raise
                tried[candidate] = stopped.words
            except Exception as problem:
                kind = _kind(problem)
                raise Stopped("failed" if kind == "elsewhere" else kind, _words(problem)) from problem
            else:
                zone = candidate
                held.append(zone)
                break
        if zone:
            zones[name] = zone
    if not zones:
        raise Stopped("elsewhere", next(reversed(tried.values()), ""))
    return {"zones": zones, "records": [one for one in records if one["name"] in zones]}


def _candidates(name: str) -> Iterator[str]:
    labels = name.split(".")
    for first in range(len(labels) - _FEWEST_LABELS + 1):
        yield ".".join(labels[first:])


def _row(found: Answer) -> Answer:
    return {
        "name": str(found["name"]).lower().rstrip("."),
        "type": str(found["type"]).upper(),
        "ttl": found.get("ttl"),
        "content": str(found.get("content") or ""),
        "id": found.get("id"),
    }


def _change(provider: Any, changes: list[Answer]) -> Answer:
    """Each change as far as it goes; a provider that refuses or is silent ends them all."""
    results: list[Answer] = []
    for change in changes:
        try:
            for one in change["add"]:
                _add(provider, change, one)
            for one in change["remove"]:
                _remove(provider, change, one)
        except Exception as problem:  # noqa: BLE001  each provider has errors of its own
            kind = _kind(problem)
            results.append({"kind": kind, "words": _words(problem)})
            if kind in {"refused", "silent"}:
                break
        else:
            results.append({"kind": "", "words": ""})
    return {"results": results}


def _add(provider: Any, change: Answer, one: Answer) -> None:
    options = provider.options_of_mailstead
    options["ttl"] = change["ttl"]
    options.pop("priority", None)
    if one["priority"] is not None:
        options["priority"] = one["priority"]
    if provider.create_record(change["type"], change["name"], one["content"]) is False:
        raise ValueError("create_record: False")


def _remove(provider: Any, change: Answer, one: Answer) -> None:
    kind, name, content = change["type"], change["name"], one["content"]
    if one["id"] is not None:
        provider.delete_record(one["id"], kind, name, content)
    # powerdns makes its ids of the contents and cuts them at the first "/"; then nothing was deleted.
    if one["id"] is None or any(
        found.get("content") == content for found in provider.list_records(kind, name)
    ):
        provider.delete_record(None, kind, name, content)


def _kind(problem: Exception) -> str:
    """What an error of a provider's code means; those of requests are OSError too."""
    response = getattr(problem, "response", None)
    if response is not None:
        return "refused" if response.status_code in _REFUSED else "elsewhere"
    return "silent" if isinstance(problem, OSError) else "elsewhere"


def _words(problem: Exception) -> str:
    response = getattr(problem, "response", None)
    said = f" {response.text[:300]}" if response is not None else ""
    return f"{type(problem).__name__}: {problem}{said}"


def main() -> None:
    """Answers one request; nothing else goes to standard output, whatever a provider's code may print."""
    sys.path.insert(0, sys.argv[1])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    out.write(json.dumps(answer(json.load(sys.stdin))))
    out.close()


if __name__ == "__main__":
    main()
