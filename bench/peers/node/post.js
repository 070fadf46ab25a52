// What both variants agree on: what a post is and where events go.

export function listen_port() {
  return Number(process.argv[2]);
}

// The sink is a port on 127.0.0.1 or host:port.
export function sink_origin() {
  const sink = process.argv[3];
  return `http://${sink.includes(":") ? sink : `127.0.0.1:${sink}`}`;
}

export const sink_path = "/gateway/bus";

// The records of a post that has been parsed; null when it is no payload.
export function records_of(post) {
  const records = post?.Records;
  if (!Array.isArray(records)) return null;
  return records.every((one) => typeof one === "object" && one !== null) ? records : null;
}
