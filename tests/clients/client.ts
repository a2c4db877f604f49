// Use the booking service with generated types: node client.js http://127.0.0.1:8000 EMAIL PASSWORD
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Room = components["schemas"]["RoomRead"];
type NewRoom = components["schemas"]["RoomCreate"];
type Problem = components["schemas"]["Problem"] | components["schemas"]["ValidationProblem"];

const PICTURE = new Uint8Array([0x89, ...Buffer.from("PNG\r\n\x1a\n"), 0, 1, 254, 255]);
const [base, email, password] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: base });

/** Return the data of an answer that must have this status. */
function data<T>(answer: { data?: T; error?: Problem; response: Response }, status = 200): T {
  assert.equal(answer.response.status, status, answer.error?.detail);
  assert(answer.data !== undefined);
  return answer.data;
}

/** Return the problem of an answer that must have this status. */
function problem(answer: { error?: Problem; response: Response }, status: number): Problem {
  assert.equal(answer.response.status, status);
  assert(answer.error);
  assert.equal(answer.error.status, status);
  assert.equal(answer.error.request_id, answer.response.headers.get("X-Request-ID"));
  return answer.error;
}

async function logIn(): Promise<void> {
  const tokens = data(
    await client.POST("/api/v1/auth/token", {
      body: { username: email, password },
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    }),
  );
  const type: "bearer" = tokens.token_type;
  assert.equal(type, "bearer");
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
    },
  });
  const user = data(await client.GET("/api/v1/users/me"));
  const role: components["schemas"]["Role"] = user.role;
  assert.equal(role, "admin");
}

async function create(): Promise<NewRoom[]> {
  const location = data(
    await client.POST("/api/v1/locations", {
      body: { name: "TypeScript", address: "테헤란로 1", city: "서울", opens_hour: 9, closes_hour: 18 },
    }),
    201,
  );
  const bodies = ["t1", "t2", "t3"].map((name) => ({ name, capacity: 4, hourly_price: "15000", location_id: location.id }));
  for (const body of bodies) {
    const answer = await client.POST("/api/v1/rooms", { body });
    const room: Room = data(answer, 201);
    const equipment: string[] | null = room.equipment;
    assert.deepEqual([room.name, room.hourly_price, room.has_screen, equipment], [body.name, "15000", false, null]);
    assert(answer.response.headers.get("Location")?.endsWith(room.id));
  }
  return bodies;
}

async function list(location_id: string): Promise<Room[]> {
  const found: Room[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const query = { location_id, limit: 2, sort: "-name" as const, ...(cursor ? { cursor } : {}) };
    const page: components["schemas"]["RoomPage"] = data(await client.GET("/api/v1/rooms", { params: { query } }));
    found.push(...page.items);
    cursor = page.next_cursor;
    pages += 1;
  } while (cursor !== null);
  assert.equal(pages, 2);
  assert.deepEqual(found.map((room) => room.name), ["t3", "t2", "t1"]);
  const refused = problem(await client.GET("/api/v1/rooms", { params: { query: { cursor: "invalid" } } }), 400);
  assert.equal(refused.code, "invalid_cursor");
  return found;
}

async function conflict(body: NewRoom): Promise<void> {
  const taken = problem(await client.POST("/api/v1/rooms", { body }), 409);
  const [code, title]: [string, string] = [taken.code, taken.title];
  assert.deepEqual([code, title], ["name_taken", "Conflict"]);
}

async function change(room_id: string): Promise<void> {
  const path = { room_id };
  const { response } = await client.GET("/api/v1/rooms/{room_id}", { params: { path } });
  const header = { "If-Match": response.headers.get("ETag") ?? "" };
  const body = { capacity: 8 };
  const room = data(await client.PATCH("/api/v1/rooms/{room_id}", { params: { path, header }, body }));
  const capacity: number = room.capacity;
  assert.equal(capacity, 8);
  const outdated = problem(await client.PATCH("/api/v1/rooms/{room_id}", { params: { path, header }, body }), 412);
  assert.equal(outdated.code, "precondition_failed");
}

async function exchangePicture(room_id: string): Promise<void> {
  const params = { path: { room_id } };
  const put = await client.PUT("/api/v1/rooms/{room_id}/picture", {
    params,
    body: { file: new Blob([PICTURE], { type: "image/png" }) },
    bodySerializer(body) {
      const form = new FormData();
      form.set("file", body.file);
      return form;
    },
  });
  assert.equal(put.response.status, 204);
  const picture: Blob = data(await client.GET("/api/v1/rooms/{room_id}/picture", { params, parseAs: "blob" }));
  assert.deepEqual([picture.type, new Uint8Array(await picture.arrayBuffer())], ["image/png", PICTURE]);
}

await logIn();
const [first] = await create();
const [room] = await list(first.location_id);
await conflict(first);
await change(room.id);
await exchangePicture(room.id);
