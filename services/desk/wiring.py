"""Wires the desk into a process: signing in over REST, and by an issuer where one is set up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.desk import canned, first_run, oidc, page, sessions
from services.desk.domain.oidc import Client
from services.desk.provider import Issuer
from services.platform.http.client import open_outgoing
from services.platform.http.outgoing import HttpClient
from services.platform.http.service import Context, ServiceComponents
from services.records.secrets import installation_secret


@asynccontextmanager
async def open_desk(context: Context) -> AsyncIterator[ServiceComponents]:
    """The service. Raises Misconfigured for an issuer without what belongs to it."""
    routers = [page.build_router(), *sessions.build_routers(), first_run.build_router(), canned.build_router()]
    # Deployments often set what is not given to an empty text.
    if not context.settings.oidc_issuer:
        yield ServiceComponents(routers=[*routers, oidc.build_router(None)])
        return
    async with open_outgoing(context.settings) as http:
        issuer = await issuer_routes(context, http)
        yield ServiceComponents(routers=[*routers, oidc.build_router(issuer)])


async def issuer_routes(context: Context, http: HttpClient) -> oidc.IssuerRoutes:
    """The addresses of the issuer of the settings. Raises Misconfigured, Unavailable."""
    settings = context.settings
    required = oidc.require_settings(settings)
    client = Client(
        issuer=required.issuer,
        client_id=required.client_id,
        redirect_uri=f"{required.public_url.rstrip('/')}{oidc.CALLBACK}",
        scopes=settings.oidc_scopes,
        agent_claim=required.agent_claim,
    )
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else ""
    # Every process signs the cookie with the same secret: the browser may come back to another one.
    signing = await installation_secret(context.store, oidc.SECRET_NAME)
    return oidc.IssuerRoutes(Issuer(client, secret or None, http, context.time_source), required.workspace, signing)
