"""One call to the API as a value, and the two ways of making it: wait for the answer, or await it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from pydantic import BaseModel

from investiq.clients.api.errors import ApiRefused
from investiq.clients.session import Answer as HttpAnswer
from investiq.clients.session import BadResponse

__all__ = ["ApiCall", "AwaitingClient", "BlockingClient", "document", "endpoint", "refusal"]

Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, slots=True)
class ApiCall(Generic[Answer]):
    """One request to make, with the type of its answer.

    Attributes:
        member: the member of the JSON object that is the answer; None when it is the whole object.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: BaseModel | None = None
    member: str | None = None

    def request_with(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """Arguments for `request` of httpx, with these headers besides."""
        body = None if self.body is None else self.body.model_dump(mode="json", exclude_none=True)
        return {
            "method": self.method,
            "url": self.path,
            "params": self.params,
            "headers": {**self.headers, **headers},
            "json": body,
        }

    def parse(self, response: HttpAnswer) -> Answer:
        """The answer in `response`.

        Raises:
            ApiRefused: the API said no.
            BadResponse: not the JSON of our API.
        """
        answer = document(response)
        if not response.is_success:
            raise refusal(response, answer)
        if self.member is None:
            return cast(Answer, answer)
        if self.member not in answer:
            raise BadResponse(f"{response.url} answered without {self.member!r}", "do the versions differ?")
        return cast(Answer, answer[self.member])


class BlockingClient(ABC):
    """Waits for answers."""

    @abstractmethod
    def send(self, call: ApiCall[Answer]) -> Answer:
        """The answer to `call`."""


class AwaitingClient(ABC):
    """Awaits answers."""

    @abstractmethod
    async def send(self, call: ApiCall[Answer]) -> Answer:
        """The answer to `call`."""


class Endpoint(Protocol[Arguments, Answer_co]):
    """A method of both clients: one gives the answer, the other has to be awaited."""

    @overload
    def __get__(self, client: BlockingClient, owner: object) -> Callable[Arguments, Answer_co]: ...
    @overload
    def __get__(self, client: AwaitingClient, owner: object) -> Callable[Arguments, Coroutine[Any, Any, Answer_co]]: ...


def endpoint(build: Callable[Concatenate[Any, Arguments], ApiCall[Answer]]) -> Endpoint[Arguments, Answer]:
    """The method that sends the call which `build` makes of its arguments."""

    @wraps(build)
    def method(client: Any, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Any:
        return client.send(build(client, *args, **kwargs))

    return cast(Endpoint[Arguments, Answer], method)


def document(response: HttpAnswer) -> dict[str, Any]:
    """The JSON object of `response`, whatever its status.

    Raises:
        BadResponse: it holds something else.
    """
    if isinstance(response.document, dict):
        return response.document
    kind = response.headers.get("content-type", "no content type")
    what = f"{response.url} answered {response.status} with {kind} instead of a JSON object"
    raise BadResponse(what, "is another program on this port?")


def refusal(response: HttpAnswer, problem: Mapping[str, Any]) -> ApiRefused:
    """What to raise for a response that is a no."""
    wait = response.headers.get("retry-after", "")
    return ApiRefused(response.status, problem, float(wait) if wait.isascii() and wait.isdigit() else None)
