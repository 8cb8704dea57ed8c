import { JsonServiceClient } from "@servicestack/client"
import * as dtos from "./dtos.js"

declare const process: { env: { URL: string } }
const client = new JsonServiceClient(process.env.URL)
const made = await client.post(new dtos.CreateStar({ name: "Vega", spectrum: [[1, 2], [3]], weather: dtos.Weather.Rain }))
const star = await client.get(new dtos.GetStar({ id: 7 }))
const changed = await client.patch(new dtos.ChangeStar({ id: 8, rank: 3 }))
const replaced = await client.put(new dtos.ReplaceStar({ id: 9, filters: dtos.Filters.Red | dtos.Filters.Dark }))
await client.delete(new dtos.DropStar({ id: 10 }))
const found = await client.get(new dtos.FindStars({ nameStartsWith: "V", take: 5 }))
const chart = await client.get(new dtos.GetChart())
const text = await client.get(new dtos.ReadFile({ path: "of/the/sky.txt" }))
const photo = await client.get(new dtos.GetPhoto({ id: 11 }))
const names = await client.post(new dtos.NameStars({ since: "2026-01-02T03:04:05Z", within: "PT1M" }))
const stars = [made, changed, replaced, ...found.results!]
await client.post(new dtos.Keep({ client: "typescript", star, stars, chart, text, photo, names }))
