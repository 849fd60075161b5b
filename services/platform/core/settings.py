"""Settings, read once from the environment (or flags) at start. Nothing else reads the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

EMBEDDED_PARTITIONS = 2
DISTRIBUTED_PARTITIONS = 24


class Settings(BaseSettings):
    """`PASOKH_*`. `bus` and `store` None: SQLite in `data`. `partitions` None: 2 embedded, 24 on Kafka."""

    model_config = SettingsConfigDict(env_prefix="PASOKH_", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8800
    data: Path = Path("var")
    bus: str | None = None
    store: str | None = None
    admin_key: SecretStr | None = None
    allow_private_targets: bool = False
    allowed_targets: list[str] = []
    """Exact `host:port` addresses that may be targets although they are private (`up --demo` names its stand-in)."""
    partitions: Annotated[int, Field(ge=1, le=1000)] | None = None
    public_url: str | None = None
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")] = "pasokh"
    """First word of topics and groups on Kafka, so that several installations can share one."""
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    """How user and password are sent to Kafka (SASL)."""
    kafka_tls: bool = False
    kafka_ca: Path | None = None
    """File with the certificates of the authorities that signed Kafka's, where the system does not have them."""
    key_requests_per_second: Annotated[int, Field(ge=1)] = 1000
    """How often one API key may ask one process; over it, 429."""
    address_requests_per_second: Annotated[int, Field(ge=1)] = 2000
    """The same for one client address (an IPv6 /64 counts as one)."""
    visitor_requests_per_second: Annotated[int, Field(ge=1)] = 20
    """The same for one visitor of a web page."""
    trusted_proxies: list[str] = []
    """Addresses or networks whose `X-Forwarded-For` is believed; `*` for all, where only proxies can reach us."""
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    """None: as the command has it, `info` for most."""
    log_format: Literal["text", "json"] | None = None
    """None: `text` where stderr is a terminal, else `json`."""
    address_failures_per_minute: Annotated[int, Field(ge=1)] = 300
    """How many requests with no or a wrong key one address gets a 401 for; over it, 429."""
    webhook_calls: Annotated[int, Field(ge=10)] = 1000
    """How many webhooks may be on their way in one process. One account, or one address before it is proven, gets half."""
    large_webhook_calls: Annotated[int, Field(ge=2)] = 16
    """The same of channels with bodies over 1 MB (mail)."""
    body_bytes: Annotated[int, Field(ge=4_000_000)] = 64_000_000
    """How many bytes of bodies one process holds of webhooks, as many of large ones (mail), and as many of all other requests; shared
    in the same way. A body larger than half of it is never admitted.
    """
    connections: Annotated[int, Field(ge=100)] = 10_000
    """How many connections one process takes; as far as its limit on open files allows."""
    key_streams: Annotated[int, Field(ge=1)] = 100
    """How many event streams one key may have open in one process."""
    workspace_streams: Annotated[int, Field(ge=1)] = 300
    """How many event streams one workspace may have open in one process, by all its keys."""
    address_chat_streams: Annotated[int, Field(ge=1)] = 500
    """How many streams of web chats one address may have open in one process."""
    chat_streams: Annotated[int, Field(ge=1)] = 5000
    """How many streams of web chats one process has open."""
    address_visitors_per_minute: Annotated[int, Field(ge=1)] = 120
    """How many new visitors one address may make at one web chat account."""
    account_visitors_per_minute: Annotated[int, Field(ge=1)] = 3000
    """How many new visitors one web chat account takes."""
    address_chat_bytes_per_minute: Annotated[int, Field(ge=100_000)] = 1_000_000
    """How many bytes visitors of one address may write to one web chat account."""
    account_chat_bytes_per_minute: Annotated[int, Field(ge=100_000)] = 20_000_000
    """How many bytes visitors may write to one web chat account."""
    file_bytes: Annotated[int, Field(ge=100_000, le=100_000_000)] = 100_000_000
    """The largest file: of an agent or a visitor, and of a customer on a platform when an agent opens it."""
    file_seconds: Annotated[float, Field(ge=1, le=600)] = 300.0
    """How long the download of a customer's file from its platform may take, and how long an upload."""
    uploads: Annotated[int, Field(ge=4)] = 100
    """How many uploads one process takes at a time. One workspace, or one address of visitors, gets at most half."""
    address_file_bytes_per_hour: Annotated[int, Field(ge=100_000)] = 200_000_000
    """How many bytes of files visitors of one address may upload to one web chat account."""
    account_file_bytes_per_hour: Annotated[int, Field(ge=100_000)] = 2_000_000_000
    """How many bytes of files visitors may upload to one web chat account."""
    oidc_issuer: str | None = None
    """Where agents sign in (OpenID Connect), as its tokens name it; None: by keys and links alone. The next four belong to it."""
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    """None: the issuer knows us as a public client."""
    oidc_workspace: str | None = None
    """The workspace whose agents sign in there."""
    oidc_agent_claim: str | None = None
    """The claim of the token that holds the agent's id. It must be one that the agent cannot change."""
    oidc_scopes: str = "openid profile email"
    metrics_token: SecretStr | None = None
    """What Prometheus sends as bearer to see the series of all workspaces from elsewhere."""
    metrics_networks: list[str] = ["127.0.0.0/8", "::1/128"]
    """Addresses or networks that see them without; `*` for all, where only Prometheus can reach us."""

    @property
    def database(self) -> Path:
        """The SQLite file of the embedded engine."""
        return self.data.absolute() / "pasokh.db"

    @property
    def bus_url(self) -> str:
        """`sqlite:////absolute/path` or `kafka://host:port,...`."""
        return self.bus or f"sqlite:///{self.database}"

    @property
    def store_url(self) -> str:
        """`sqlite:////absolute/path` or `mongodb://...`."""
        return self.store or f"sqlite:///{self.database}"

    @property
    def partition_count(self) -> int:
        """How many partitions every topic gets when it is made."""
        return self.partitions or (DISTRIBUTED_PARTITIONS if self.bus_url.startswith("kafka:") else EMBEDDED_PARTITIONS)
