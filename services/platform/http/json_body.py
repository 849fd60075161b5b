"""A JSON body as a dependency of a route, read after all other checks of the request.

FastAPI reads its own body parameters before authentication. A dependency is resolved in the order of the signature.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import pydantic_core
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from schemas.values import Json
from schemas.visible import WRITTEN
from services.platform.http.acting_agent import acting_field, as_bound_agent
from services.platform.http.admission import AdmissionControl
from services.platform.http.auth import caller_in_scope
from services.platform.http.bodies import MAX_DEPTH, read_body, too_deep
from services.platform.http.lenient_json import strip_invalid_unicode_bytes
from services.platform.http.problems import BadRequest, UnprocessableContent, escape_pointer, to_unprocessable_content
from services.platform.http.rate_limits import client_address, network_for

Model = TypeVar("Model", bound=BaseModel)
INTEGERS = range(-(2**63), 2**63)


class JsonBody(Generic[Model]):
    """`body: Annotated[AgentBody, Depends(JsonBody(AgentBody))]`. `optional`: no body at all is an empty object.

    `mend`: broken characters are repaired (services/platform/http/lenient_json.py), for customers; for others they are
    an error. `forms`: where the body depends on something else of the request, the models of all its forms by name, each
    with an example in its schema; OpenAPI then shows these. Where the caller is bound to an agent, the field of
    `ActingAgent` is theirs (services/platform/http/acting_agent.py). Raises BadRequest (no JSON, NaN, nested too deeply), UnprocessableContent (another shape), Forbidden (another
    agent's name), and the errors of `read_body`.
    """

    def __init__(
        self,
        model: type[Model],
        *,
        optional: bool = False,
        mend: bool = False,
        forms: Mapping[str, type[BaseModel]] | None = None,
    ) -> None:
        self.model = model
        self.optional = optional
        self.mend = mend
        self.forms = forms or {}
        self._acting_field = acting_field(model)

    async def __call__(self, request: Request) -> Model:
        body = await _read(request)
        if self.mend and not too_deep(body):
            body = strip_invalid_unicode_bytes(body)
        body = b"{}" if self.optional and not body else body
        caller = caller_in_scope(request.scope)
        if self._acting_field is None or caller is None or caller.agent is None:
            return parse_body(self.model, body)
        value = read_json(body)
        _validate(value)
        return parse_body(self.model, as_bound_agent(value, self._acting_field, caller.agent.id))


async def _read(request: Request) -> bytes:
    """Read the body.

    All bodies share a limited number of bytes; if it is used up, the slowest senders are refused first.
    """
    admission: AdmissionControl = request.app.state.bodies
    address = network_for(client_address(request))
    # The first part separates web chat visitors from callers of REST, the second part separates workspaces.
    account = f"{request.scope['path'].split('/', 2)[1]}/{request.path_params.get('workspace', '')}"
    async with admission.admit(address, account) as admitted:
        return await read_body(admission.count_bytes(admitted, request.receive), request.scope["headers"])


def parse_body(model: type[Model], body: bytes) -> Model:
    """Parse the bytes as a model, strictly: `"4"` is no number, `1` is not true.

    Raises BadRequest, UnprocessableContent.
    """
    _validate(read_json(body))
    try:
        return model.model_validate_json(body, strict=True, context=WRITTEN)
    except ValidationError as error:
        raise to_unprocessable_content(error, root=True) from error


def read_json(body: bytes) -> Json:
    """The JSON value of a body. Raises BadRequest."""
    if not body:
        raise BadRequest("The body is empty; a JSON object is needed.")
    if too_deep(body):
        raise BadRequest(f"The body nests arrays and objects deeper than {MAX_DEPTH}.")
    try:
        value: Json = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if strip_invalid_unicode_bytes(body) != body:
            sentence = "a text holds half a character: an unpaired surrogate, or bytes that are no UTF-8"
            raise BadRequest(f"The body is not JSON: {sentence}.") from error
        raise BadRequest(f"The body is not JSON: {error}.") from error
    return value


def _validate(value: Json) -> None:
    if wrong := list(_validation_error(value, "")):
        raise UnprocessableContent(*wrong)


def _validation_error(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """The parts of a JSON value that a store cannot store, as (JSON pointer, sentence)."""
    match value:
        case bool():
            return
        case int() if value not in INTEGERS:
            yield pointer, "This whole number does not fit into 64 bits."
        case str() if "\x00" in value:
            yield pointer, "Text must not hold the character U+0000."
        case list():
            for index, item in enumerate(value):
                yield from _validation_error(item, f"{pointer}/{index}")
        case dict():
            for name, item in value.items():
                yield from _validation_error(name, pointer)
                yield from _validation_error(item, f"{pointer}/{escape_pointer(name)}")
