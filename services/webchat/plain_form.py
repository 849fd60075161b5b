"""The chat as a plain HTML form for browsers that cannot run the widget: no script, one page, one POST per message.

The session token travels in the form. Messages go through the handlers of `routes`, so that rate limits, authentication
and idempotency are the same. A refused message is explained in a sentence, and its text stays in the box.
"""

from dataclasses import dataclass, replace
from html import escape
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from schemas.values import Slug
from services.platform.http.dependencies import PageParams
from services.platform.http.problems import Unauthorized, UnprocessableContent
from services.rest.views import MessageView
from services.text.display_text import visible_name, without_direction
from services.webchat.models import MessageBody, SessionBody
from services.webchat.page import PLAIN_HEADERS, read_static
from services.webchat.routes import list_messages, open_session, post_message
from services.webchat.session_context import HANDLED_ERRORS, SessionContext, WebchatDependencies, to_problem

MAX_MESSAGES = 100
PAGES = 10
RIGHT_TO_LEFT = frozenset({"fa", "ar"})
RETRYABLE_STATUSES = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class FormTexts:
    """The form's texts in one language."""

    title: str
    write: str
    send: str
    refresh: str
    you: str
    agent: str
    busy: str
    refused: str
    closed: str


TEXTS_BY_LANGUAGE = {
    "en": FormTexts(
        title="Chat with us",
        write="Your message",
        send="Send",
        refresh="Send an empty message to see new answers.",
        you="You",
        agent="Support",
        busy="We get many messages just now. Your text is still below: please send it again in a moment.",
        refused="This could not be sent. Your text is still below: please shorten or change it.",
        closed="This chat is not available now.",
    ),
    "fa": FormTexts(
        title="گفتگو با ما",
        write="پیام شما",
        send="فرستادن",
        refresh="برای دیدن پاسخ‌های تازه، پیامی خالی بفرستید.",
        you="شما",
        agent="پشتیبانی",
        busy="پیام‌های زیادی می‌رسد. نوشتهٔ شما در پایین مانده است؛ لطفاً لحظه‌ای دیگر دوباره بفرستید.",
        refused="فرستاده نشد. نوشتهٔ شما در پایین مانده است؛ لطفاً کوتاه‌تر یا جور دیگری بنویسید.",
        closed="این گفتگو اکنون در دسترس نیست.",
    ),
    "ar": FormTexts(
        title="تحدّث معنا",
        write="رسالتك",
        send="إرسال",
        refresh="أرسل رسالة فارغة لرؤية الردود الجديدة.",
        you="أنت",
        agent="الدعم",
        busy="تصلنا رسائل كثيرة الآن. نصّك باقٍ أدناه؛ أعد إرساله بعد لحظات.",
        refused="تعذّر الإرسال. نصّك باقٍ أدناه؛ اختصره أو غيّره من فضلك.",
        closed="هذه المحادثة غير متاحة الآن.",
    ),
    "lv": FormTexts(
        title="Tērzējiet ar mums",
        write="Jūsu ziņa",
        send="Sūtīt",
        refresh="Lai redzētu jaunas atbildes, nosūtiet tukšu ziņu.",
        you="Jūs",
        agent="Atbalsts",
        busy="Pašlaik saņemam daudz ziņu. Jūsu teksts ir zemāk: lūdzu, pēc brīža sūtiet vēlreiz.",
        refused="To nevarēja nosūtīt. Jūsu teksts ir zemāk: lūdzu, saīsiniet vai mainiet to.",
        closed="Šī tērzēšana pašlaik nav pieejama.",
    ),
}


@dataclass(frozen=True, slots=True)
class Form:
    """The form's fields."""

    language: str
    token: str = ""
    handoff: str = ""
    id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class FormView:
    """The rendered page: the next form, the messages, and a sentence about an error."""

    form: Form
    messages: tuple[MessageView, ...] = ()
    notice: str = ""
    status: int = 200
    retry_after: str = ""


def build_router(dependencies: WebchatDependencies) -> APIRouter:
    """The form's routes for all accounts. They are no part of the REST contract."""

    async def show(workspace: Slug, account: Slug, request: Request) -> Response:
        """The empty form. It is the same for every name, so that it does not reveal which accounts exist."""
        fields = {name: [value] for name, value in request.query_params.items()}
        return _page(request, FormView(_to_form(request, fields)))

    async def post(workspace: Slug, account: Slug, request: Request) -> Response:
        """Send the text, if there is one, and show the conversation."""
        body = (await request.body()).decode(errors="replace")
        form = _to_form(request, parse_qs(body, keep_blank_values=True, max_num_fields=20))
        try:
            return _page(request, await _on_post(dependencies, request, form))
        except HANDLED_ERRORS as error:
            answer = await to_problem(request, error)
            return _page(request, _failed(form, answer))

    router = APIRouter(prefix="/webchat/{workspace}/{account}", include_in_schema=False)
    router.add_api_route("/plain", show, methods=["GET"])
    router.add_api_route("/plain", post, methods=["POST"])
    return router


async def _on_post(dependencies: WebchatDependencies, request: Request, form: Form) -> FormView:
    connected = await dependencies.authenticator.find_account(request)
    await dependencies.authenticator.cors_headers(request, connected)
    form, session = await _with_session(SessionContext(dependencies, connected, None), request, form)
    if form.text.strip():
        await post_message(_to_message_body(form), session, request)
        # A new id for the next text. While a post fails the id stays, so that sending again is a repeat.
        form = replace(form, text="", id=str(uuid4()))
    # Pages come oldest first and the form shows the newest messages, so all are read and the last ones kept.
    messages: list[MessageView] = []
    cursor: str | None = None
    for _ in range(PAGES):
        page = await list_messages(session, PageParams(limit=200, cursor=cursor))
        messages, cursor = [*messages, *page.items][-MAX_MESSAGES:], page.next
        if cursor is None:
            break
    return FormView(form, tuple(messages))


async def _with_session(session: SessionContext, request: Request, form: Form) -> tuple[Form, SessionContext]:
    """The form with a valid session token, and the visitor's session. An expired token is replaced by a new session."""
    authenticator = session.dependencies.authenticator
    if form.token:
        try:
            return form, replace(
                session, visitor=await authenticator.authenticate(_with_token(request, form.token), session.connected)
            )
        except Unauthorized:
            # The session is over; the visitor goes on writing in a new one.
            form = replace(form, token="")
    body = SessionBody(language=form.language, handoff=form.handoff or None)
    try:
        opened = await open_session(body, session, request)
    except Unauthorized:
        opened = await open_session(SessionBody(language=form.language), session, request)
    form = replace(form, token=opened.token, handoff="")
    return form, replace(
        session, visitor=await authenticator.authenticate(_with_token(request, form.token), session.connected)
    )


def _with_token(request: Request, token: str) -> Request:
    """The request with the form's token as its bearer token."""
    # The form's token counts, whatever the browser sent in its header.
    others = [(name, value) for name, value in request.scope["headers"] if name != b"authorization"]
    bearer = (b"authorization", f"Bearer {token}".encode("latin-1", errors="replace"))
    return Request({**request.scope, "headers": [*others, bearer]})


def _to_message_body(form: Form) -> MessageBody:
    # HTML forms send each line end as CR LF.
    try:
        return MessageBody(id=UUID(form.id), text=form.text.replace("\r\n", "\n"))
    except ValidationError as error:
        raise UnprocessableContent(*(("/text", str(detail["msg"])) for detail in error.errors())) from error


def _failed(form: Form, answer: Response) -> FormView:
    words = TEXTS_BY_LANGUAGE[form.language]
    if answer.status_code in RETRYABLE_STATUSES:
        notice = words.busy
    else:
        notice = words.closed if answer.status_code in (401, 403, 404) else words.refused
    return FormView(form, (), notice, answer.status_code, answer.headers.get("retry-after", ""))


def _to_form(request: Request, value: dict[str, list[str]]) -> Form:
    fields = {name: values[0] for name, values in value.items()}
    # The weights of Accept-Language are ignored: browsers write the languages in the order of preference.
    accepted = [tag.strip()[:2].lower() for tag in request.headers.get("accept-language", "").split(",")]
    language = next((tag for tag in (fields.get("lang", ""), *accepted) if tag in TEXTS_BY_LANGUAGE), "en")
    handoff, token = fields.get("handoff", "")[:512], fields.get("token", "")[:4000]
    return Form(language, token, handoff, _identity(fields.get("id", "")), fields.get("text", "")[:20_000])


def _identity(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        return str(uuid4())


def _page(request: Request, view: FormView) -> Response:
    form, words = view.form, TEXTS_BY_LANGUAGE[view.form.language]
    values = {
        "language": form.language,
        "direction": "rtl" if form.language in RIGHT_TO_LEFT else "ltr",
        "title": words.title,
        "write": words.write,
        "send": words.send,
        "again": words.refresh,
        "action": request.url.path,
        "token": form.token,
        "handoff": form.handoff,
        "id": form.id,
        "text": form.text,
    }
    markup = {
        "notice": f'<p class="notice" role="alert">{escape(view.notice)}</p>' if view.notice else "",
        "messages": "\n".join(_line(message, words) for message in view.messages),
    }
    # Every text is escaped but the two pieces of markup, whose own texts are escaped where they are made.
    filled = read_static("plain.html").format(**{name: escape(value) for name, value in values.items()}, **markup)
    later = {"Retry-After": view.retry_after} if view.retry_after else {}
    return Response(filled, view.status, {**PLAIN_HEADERS, **later}, media_type="text/html")


def _line(message: MessageView, phrases: FormTexts) -> str:
    is_mine = message.direction == "inbound"
    name = phrases.you if is_mine else visible_name(message.author.name or "") or phrases.agent
    # A form without scripts cannot read a file with the visitor's token: it names them.
    names = [visible_name(attachment.name or "") or attachment.kind for attachment in message.attachments]
    text = without_direction("\n".join([message.text or "", *(f"[{name}]" for name in names)]).strip())
    at = message.received_at.strftime("%H:%M UTC")
    heading = f'<span class="who"><bdi>{escape(name)}</bdi> <bdi dir="ltr">{at}</bdi></span>'
    return f'<li class="{"mine" if is_mine else "theirs"}">{heading}<span class="text" dir="auto">{escape(text)}</span></li>'
