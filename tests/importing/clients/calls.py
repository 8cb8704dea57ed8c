import datetime
import os

from dtos import (
    ChangeStar,
    CreateStar,
    DropStar,
    Filters,
    FindStars,
    GetChart,
    GetPhoto,
    GetStar,
    Keep,
    NameStars,
    ReadFile,
    ReplaceStar,
    Weather,
)
from servicestack import JsonServiceClient

client = JsonServiceClient(os.environ["URL"])
created_star = client.post(CreateStar(name="Vega", spectrum=[[1, 2], [3]], weather=Weather.RAIN))
star = client.get(GetStar(id=7))
changed_star = client.patch(ChangeStar(id=8, rank=3))
replaced_star = client.put(ReplaceStar(id=9, filters=Filters.RED | Filters.DARK))
client.delete(DropStar(id=10))
result = client.get(FindStars(name_starts_with="V", take=5))
chart = client.get(GetChart())
text = client.get(ReadFile(path="of/the/sky.txt"))
photo = client.get(GetPhoto(id=11))
names = client.post(
    NameStars(since=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC), within=datetime.timedelta(minutes=1))
)
stars = [created_star, changed_star, replaced_star, *result.results]
client.post(Keep(client="python", star=star, stars=stars, chart=chart, text=text, photo=photo, names=names))
