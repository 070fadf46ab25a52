// What both variants agree on: what a post is and where events go.

export function listen_port() {
  return Number(process.argv[2]);
}

// The sink is given as host:port.
export function sink_origin() {
  return `http://${process.argv[3]}`;
}

export const sink_path = "/gateway/bus";

// The records of a post that has been parsed; null when it is no payload.
export function records_of(post) {
  const records = post?.Records;
  if (!Array.isArray(records)) return null;
  return records.every((one) => typeof one === "object" && one !== null) ? records : null;
}
