"""The shapes of `workloads.schemas` as pydantic has them; imported only where pydantic is there."""

from typing import Annotated

from pydantic import BaseModel, Field

from ..workloads.schemas import EMAIL

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Price = Annotated[float, Field(ge=0)]
Email = Annotated[str, Field(pattern=EMAIL)]


class Person(BaseModel):
    name: Text
    email: str
    age: Count


class Line(BaseModel):
    sku: Text
    price: Price
    count: Count
    tags: list[str]


class Entry(BaseModel):
    name: Text
    email: Email
    age: Count
    score: float
    tags: list[str]


BY_SHAPE = {"small": Person, "list of 100": list[Line], "five errors": Entry}
