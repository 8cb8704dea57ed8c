// Creates and reads a session with the generated types and npm's @servicestack/client.
import { JsonServiceClient } from "@servicestack/client";
import { EndSession, FlowChannels, GetSession, ListResponse, ListSessions, NewSession, SessionInfo, SortOrders } from "./dtos.js";

declare const process: { env: Record<string, string> };

const client = new JsonServiceClient(process.env.URL);
client.bearerToken = process.env.KEY;
const made: SessionInfo = await client.post(new NewSession({ displayName: "From TypeScript", channel: FlowChannels.Chat, startSession: false }));
const read = await client.get(new GetSession({ sessionId: made.id }));
const listed: ListResponse<SessionInfo> = await client.get(new ListSessions({ countPerPage: 1, sortOrder: SortOrders.Descend }));
await client.delete(new EndSession({ sessionId: made.id }));
console.log(read.displayName, read.channel, read.ended, listed.items[0].id === made.id, read.members[0].role, listed.items.length, listed.totalCount > 0);
