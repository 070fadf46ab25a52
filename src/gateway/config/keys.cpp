#include "gateway/config/keys.hpp"

// The table of all keys of the configuration, in the order in which they are printed. To add a key,
// add it to settings.hpp and here; `./dev reference` then brings docs/configuration.md up to date.
namespace gateway::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKiB = std::size_t{1} << 10;
constexpr std::size_t kGiB = std::size_t{1} << 30;
constexpr std::size_t kTiB = std::size_t{1} << 40;

constexpr std::string_view kCertificateFile = "file";

Format<EventId> event_id() {
  return choice<EventId>({{"random", EventId::random},
                          {"stable", EventId::stable},
                          {"stable-v1", EventId::stable_v1}});
}
Format<EventData> event_data() {
  return choice<EventData>({{"record", EventData::record}, {"records", EventData::records}});
}
Format<std::string> event_attribute() {
  return one_of({"subject", "cosbucket", "cosregion", "coseventname", "coseventtime"});
}

void credentials_keys(Section& section, Credentials& credentials) {
  section.key("secret_id", credentials.secret_id, secret_text(),
              "Required when provisioning, unless other credentials are there (see "
              "\"Credentials\"). Belongs in the secret file.",
              {.environment = kSecretIdVariable, .original = true});
  section.key("secret_key", credentials.secret_key, secret_text(),
              "As `secret_id`. The key of signed posts is derived from it as well.",
              {.environment = kSecretKeyVariable, .original = true});
  section.key("session_token", credentials.session_token, secret_text(),
              "Of temporary credentials.", {.environment = kTokenVariable});
}

void rule_keys(Section& section, Bucket& bucket) {
  section.key("events", list_field(bucket.events, bucket_event()),
              "What triggers the function. `*` is all of a family, and cannot stand beside one of "
              "its members.");
  section.key("prefix", bucket.prefix, text(),
              "Only objects whose keys begin so trigger the function.",
              {.form = "text without a leading `/`"});
  section.key("suffix", bucket.suffix, text(),
              "Only objects whose keys end so trigger the function.",
              {.form = "text that begins with `.`"});
}

void bucket_keys(Section& section, Bucket& bucket) {
  section.key("endpoint", bucket.endpoint, text(),
              "Required when provisioning, and its form is checked only then.",
              {.form = "`name-appid.cos.<region>.myqcloud.com`", .original = true});
  rule_keys(section, bucket);
  section.ignored("filters",
                  "the original connector never used it either; bucket.prefix and bucket.suffix do "
                  "filter");
}

void code_keys(Section& section, FunctionCode& code) {
  section.key("bucket", code.bucket, non_empty_text(),
              "With any member of `function.code` the function's code comes from this COS object; "
              "see \"Which code the function runs\".",
              {.original = true});
  section.key("region", code.region, non_empty_text(), "Where that bucket is.", {.original = true});
  section.key("path", code.path, non_empty_text(), "The object's key, with a leading `/`.",
              {.original = true});
}

void function_keys(Section& section, Function& function, FunctionCode& code,
                   const bool& code_given) {
  section.key("region", function.region, text(), "Required when provisioning; the bucket's region.",
              {.form = "a region, as `ap-beijing`", .original = true});
  section.key(
      "name", function.name, text(),
      "Empty: `vanus-cos-source-function-<number>`, the number derived from region, namespace, "
      "bucket and eventbus, so that replicas and restarts agree. Also the `ce-source` of events, "
      "which is `cos-gateway` when there is no bucket and region to derive from.",
      {.form = "2 to 60 letters, digits, `-`, `_`; a letter first, no `-` or `_` last",
       .standard = "derived",
       .original = true});
  section.key("namespace", function.space, non_empty_text(),
              "It must exist; `default` always does.",
              {.form = "up to 30 letters, digits, `-`, `_`", .original = true});
  auto& code_section = section.section("code");
  code_section.optional(code_given);
  code_keys(code_section, code);
  section.key("provision", function.provision, boolean(),
              "`false`: no cloud calls at all; bucket and function keys become optional.");
  section.key("on_stop", function.on_stop,
              choice<OnStop>({{"", function.on_stop},
                              {"delete", OnStop::delete_function},
                              {"keep", OnStop::keep_function}}),
              "What becomes of the function when the process is stopped. Kubernetes is known by "
              "`KUBERNETES_SERVICE_HOST`.",
              {.standard = "`delete`; `keep` in Kubernetes"});
  section.key("runtime", function.runtime, non_empty_text(),
              "The built-in relay needs a `Nodejs` runtime.",
              {.standard = "`Nodejs18.15`; `Go1` for code from a COS object"});
  section.key("memory", function.memory_mb, function_memory(),
              "MB that each instance of the function gets.");
  section.key("timeout", function.timeout, duration(1s, 900s, 1s),
              "Of one invocation. The relay repeats a post for that long, so that more of it "
              "bridges a longer outage of the gateway.");
  section.key("retries", function.retries, integer<unsigned>(0, 2),
              "How often the platform repeats an invocation that failed, a minute apart.");
  section.key("max_age", function.max_age, duration(1min, 6h, 1s),
              "How long the platform keeps an event to try again.");
  section.key("api", function.api, url(UrlForm::without_path),
              "Where the cloud's API is, for private and regional endpoints.");
}

void ingress_tls_keys(Section& section, TlsFiles& tls) {
  section.key("cert", tls.cert, text(),
              "PEM, the gateway's certificate first, then those between it and its authority. With "
              "it posts come over TLS, and only so.",
              {.form = kCertificateFile, .followed = true});
  section.key("key", tls.key, text(),
              "PEM, the private key of `gateway.tls.cert`, without a passphrase.",
              {.form = kCertificateFile, .followed = true});
  section.key("client_ca", tls.ca, text(),
              "PEM; clients need a certificate that one of these signed.",
              {.form = kCertificateFile, .followed = true});
}

void entry_keys(Section& section, BucketEntry& entry) {
  section.key("endpoint", entry.bucket.endpoint, text(),
              "Required. The bucket, by the host of its XML API.",
              {.form = "`name-appid.cos.<region>.myqcloud.com`"});
  rule_keys(section, entry.bucket);
  section.key("include", list_field(entry.include, key_pattern(), Named::item),
              "Only events of objects whose keys match one of these are sent; empty: all. See "
              "\"Patterns of object keys\".");
  section.key("exclude", list_field(entry.exclude, key_pattern(), Named::item),
              "Events of objects whose keys match one of these are not sent; wins over `include`.");
  constexpr std::string_view kTopLevel = "that of the top level";
  section.key("eventbus", entry.eventbus, text(), "Where the entry's events go.",
              {.standard = kTopLevel});
  section.key("target", entry.target, target_text(),
              "Where the entry's events go, with the entry's `eventbus`. Each target has "
              "connections and a queue of its own.",
              {.form = "as `target`", .standard = kTopLevel});
  auto& function = section.section("function");
  function.key("region", entry.function.region, text(),
               "Of the function that has the entry's triggers; the bucket's region.",
               {.form = "a region, as `ap-beijing`",
                .standard = "that of the top level, else the bucket's"});
  function.key(
      "name", entry.function.name, text(),
      "Entries that agree in region, name, namespace, memory and timeout share a function, for ten "
      "triggers; of several the second is `<name>-2`. Empty: derived as `function.name` is, from "
      "the first of its buckets. Also the `ce-source` of the entry's events.",
      {.form = "as `function.name`", .standard = "that of the top level, else derived"});
  function.key("namespace", entry.function.space, non_empty_text(), "As `function.namespace`.",
               {.standard = kTopLevel});
  function.key("memory", entry.function.memory_mb, function_memory(), "As `function.memory`.",
               {.standard = kTopLevel});
  function.key("timeout", entry.function.timeout, duration(1s, 900s, 1s), "As `function.timeout`.",
               {.standard = kTopLevel});
  auto& event = section.section("event");
  event.key("id", entry.event.id, event_id(), "As `event.id`.", {.standard = kTopLevel});
  event.key("data", entry.event.data, event_data(), "As `event.data`.", {.standard = kTopLevel});
  event.key("attributes", list_field(entry.event.attributes, event_attribute()),
            "As `event.attributes`.", {.standard = kTopLevel});
  event.key("redact", list_field(entry.event.redact, header_name()), "As `event.redact`.",
            {.standard = kTopLevel});
}

void gateway_keys(Section& section, Ingress& ingress) {
  section.key("listen", ingress.listen, listen_address(),
              "Where posts arrive. The variable is of the port alone.",
              {.environment = kPortVariable});
  section.key("admin", ingress.admin, listen_address(),
              "Status page, health, metrics. Not for the public: probes and metrics ask for no "
              "authentication.");
  section.key(
      "admin_token", ingress.admin_token, secret_text(),
      "What everything on `gateway.admin` but `/healthz`, `/readyz` and `/metrics` asks for: as a "
      "bearer token, or as the password in a browser. Empty: nothing is asked for.");
  section.key("admin_host", ingress.admin_host, host(),
              "The host name under which the same is served, so that no page of anybody's can "
              "reach it through a browser; empty: under any.",
              {.form = "a host name or address, without a port"});
  section.key("public_url", ingress.public_url, url(UrlForm::or_empty),
              "Where the relay function reaches this gateway; empty: events do not pass it, see "
              "\"Which code the function runs\".");
  section.key("threads", ingress.threads, integer<unsigned>(0, 1024),
              "Event loops. 0: one per usable core, by affinity and cgroup quota.");
  section.key("auth", ingress.auth,
              choice<Auth>({{"auto", Auth::automatic}, {"hmac", Auth::hmac}, {"none", Auth::none}}),
              "`auto`: `hmac` when `gateway.token` or `secret_key` is set, else `none`. See \"Who "
              "may post\".");
  section.key("token", ingress.token, secret_text(),
              "Instead of the key derived from `secret_key`.");
  section.key("previous_token", ingress.previous_token, secret_text(),
              "Accepted besides the one in force, while senders change.");
  section.key("replay_window", ingress.replay_window, duration(0ms, 10min),
              "For how long a signature that was seen is refused; 0: it is not. Of the process, "
              "not of all replicas. See \"Who may post\".");
  ingress_tls_keys(section.section("tls"), ingress.tls);
  section.key("max_body", ingress.max_body, size(kKiB, kGiB), "Of one post; larger ones get 413.");
  section.key("max_connections", ingress.max_connections, integer<std::size_t>(1, 1'000'000),
              "Of clients, whole process. At the limit, those that have been idle for a second are "
              "closed to make room for new ones.");
  section.key("max_per_source", ingress.max_per_source, integer<std::size_t>(0, 1'000'000),
              "Connections of one client address, IPv6 addresses by /64, whole process; 0: no "
              "limit. See \"One client's share\".");
  section.key("proxy_protocol", ingress.proxy_protocol, boolean(),
              "Every connection begins with a PROXY header, version 1 or 2, which says whose it "
              "is; those without one are closed. Only where nobody but the balancer reaches "
              "`gateway.listen`. See \"Behind a balancer\".");
  section.key("max_in_flight", ingress.max_in_flight, size(kKiB, kTiB),
              "Of posts not yet answered, whole process; of a body that has only been announced 64 "
              "KiB at most count. More get 503.");
  section.key("idle_timeout", ingress.idle_timeout, duration(1s, 24h),
              "A connection without a request for that long is closed.");
  section.key("request_timeout", ingress.request_timeout, duration(100ms, 1h),
              "From a request's first byte to its last, and for a TLS handshake; then 408 and the "
              "end of the connection.");
  section.key(
      "drain_delay", ingress.drain_delay, duration(0ms, 1h),
      "When the process is stopped: how long posts are still taken while `/readyz` says "
      "503 already, so that load balancers look elsewhere before they are turned away. "
      "Each answer announces the end of its connection; idle ones are closed last. Ends "
      "early once no client has been connected for a second, at once if there never was one.");
  section.key("grace", ingress.grace, duration(0ms, 1h),
              "What posts in flight get after `gateway.drain_delay` when the process is stopped. "
              "Give `docker stop` and Kubernetes a little more than both.");
}

void delivery_tls_keys(Section& section, TlsFiles& tls) {
  section.key("ca", tls.ca, text(),
              "PEM; who is trusted, instead of the system's authorities, which are where OpenSSL "
              "looks for them (`SSL_CERT_FILE`, `SSL_CERT_DIR`).",
              {.form = kCertificateFile, .followed = true});
  section.key("cert", tls.cert, text(),
              "PEM; the gateway's own certificate, if the eventbus asks for one.",
              {.form = kCertificateFile, .followed = true});
  section.key("key", tls.key, text(),
              "PEM, the private key of `delivery.tls.cert`, without a passphrase.",
              {.form = kCertificateFile, .followed = true});
  section.key("verify", tls.verify, boolean(),
              "`false`: the eventbus is not authenticated, and anyone on the way can read and "
              "change events.");
}

void retry_keys(Section& section, Retry& retry) {
  section.key("initial", retry.initial, duration(1ms, 1h),
              "Pauses are random, below this at first.");
  section.key("max", retry.max, duration(1ms, 24h), "The longest pause; also caps `Retry-After`.");
  section.key("multiplier", retry.multiplier, number(1, 100),
              "What the bound of the pauses grows by each time; may be a fraction.");
}

void oauth2_keys(Section& section, OAuth2& oauth2) {
  section.key("token_url", oauth2.token_url, url(UrlForm::or_empty),
              "Where tokens for the eventbus are fetched by client credentials; empty: none are. "
              "`delivery.headers` must not hold an `Authorization` then. See "
              "[destinations.md](destinations.md).");
  section.key("client_id", oauth2.client_id, text(), "Who asks for them.");
  section.key("client_secret", oauth2.client_secret, secret_text(), "The secret of that client.");
  section.key("scope", oauth2.scope, text(), "What is asked for; several are separated by blanks.");
}

void delivery_keys(Section& section, Delivery& delivery) {
  section.key(
      "connections", delivery.connections, auto_or_integer(1024),
      "To the eventbus, per thread. `auto` begins with 2, or one for each of its "
      "addresses, grows to 64 a process while that makes answers come faster, and goes down to "
      "what the eventbus serves.");
  section.key("pipeline", delivery.pipeline, auto_or_integer(1024),
              "Requests in flight per connection. `auto` starts at 1, grows to 256 at most while "
              "that makes answers come faster, and falls back to 1 on any oddity.");
  section.key(
      "mode", delivery.mode,
      choice<Mode>(
          {{"binary", Mode::binary}, {"structured", Mode::structured}, {"batch", Mode::batch}}),
      "CloudEvents content mode. `batch` sends up to 100 events a request; only for an eventbus "
      "that takes it.");
  section.key("profile", delivery.profile,
              choice<Profile>({{"generic", Profile::generic},
                               {"vanus", Profile::vanus},
                               {"knative", Profile::knative}}),
              "Whose habits the eventbus has: default path, and which statuses are worth a retry; "
              "see [destinations.md](destinations.md).");
  section.key("status", treatments_field(delivery.status),
              "What an answer with this status means, against the profile: the event is sent "
              "again, is given up, or counts as delivered.");
  auto& queue = section.section("queue");
  queue.key("events", delivery.queue.events, integer<std::size_t>(1, 16'777'216),
            "Events in flight, per thread; more get 503. A post with more gets 413.");
  queue.key("bytes", delivery.queue.bytes, size(kKiB, kTiB), "The same in bytes, per thread.");
  section.key(
      "timeout", delivery.timeout, duration(1ms, 1h),
      "For one answer of the eventbus, and for making a connection; then the event is sent again.");
  section.key("deadline", delivery.deadline, duration(1ms, 1h),
              "A post unanswered by then goes to the spool; without one it gets 504 and its unsent "
              "events are withdrawn. The relay counts on 25 s or less.");
  section.key("idle_timeout", delivery.idle_timeout, duration(100ms, 24h),
              "A connection to the eventbus that was idle for so long is not used again: a NAT or "
              "balancer on the way may have forgotten it. Less than theirs.");
  section.key("max_age", delivery.max_age, duration(1s, 720h),
              "A connection to the eventbus is replaced after about this, so that new replicas "
              "behind its name get their share.");
  retry_keys(section.section("retry"), delivery.retry);
  section.key("headers", headers_field(delivery.headers),
              "Extra request headers, such as `Authorization`; none of those the gateway sets "
              "itself (`Host`, `Content-Length`, `Content-Type`, `Transfer-Encoding`, "
              "`Connection`, `ce-...`) or that belong to a connection.");
  delivery_tls_keys(section.section("tls"), delivery.tls);
  section.key("proxy", delivery.proxy, secret_text(),
              "The HTTP proxy that events and token requests go by, as `http://host:port` or "
              "`http://user:password@host:port`. Empty: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` "
              "of the environment; `none`: no proxy. See [destinations.md](destinations.md).");
  oauth2_keys(section.section("oauth2"), delivery.oauth2);
}

void event_keys(Section& section, Event& event) {
  section.key("id", event.id, event_id(),
              "`stable`: the same record has the same id, whichever replica receives it, so that "
              "consumers can drop copies. `stable-v1`: by the recipe of 0.1, which may give two "
              "events one id. See \"Stable ids\".");
  section.key("data", event.data, event_data(),
              "`records`: `{\"Records\":[record]}`, the shape of a trigger payload.");
  section.key("attributes", list_field(event.attributes, event_attribute()),
              "CloudEvents attributes to add; `subject` is the object's key. One whose text no "
              "attribute may have is left out. See \"Attributes\".");
  section.key("redact", list_field(event.redact, header_name()),
              "Members of `requestHeaders` to blank, such as `Authorization`; in records, and in "
              "the data of CloudEvents that are passed on. What cannot be searched is withheld or "
              "refused. See \"Redaction\".");
}

void spool_keys(Section& section, Storage& spool) {
  section.key("path", spool.path, text(),
              "What its files' names begin with, on a disk of its own replica; empty: no spool. "
              "[durability.md](durability.md) says what goes there.",
              {.form = "path"});
  section.key("max_bytes", spool.max_bytes, size(16 * kKiB, 1024 * kTiB),
              "What it may grow to; posts that would need more get 503.");
  section.key("max_age", spool.max_age, duration(0ms, 8760h),
              "An older event that the eventbus keeps failing, while it takes others, becomes a "
              "dead letter if there is `dead_letter.path`. 0: never.");
}

// Adds the keys that every connector built like the original takes, and that have another name here
// or no meaning.
void original_keys(Section& root) {
  root.ignored("log_config", "debug and LOG_LEVEL set how much is logged");
  root.ignored("store_config", "nothing is stored but what spool and dead_letter say");
  root.ignored("send_event_attempts", "events are sent again until delivery.deadline");
  root.ignored("batch_size", "delivery.mode: batch sends several events a request");
  root.ignored("vanus", "target and eventbus say where events go");
  root.ignored("protocol", "target and eventbus say where events go");
  root.ignored("v_target", "target says where events go");
  root.ignored("v_port", "gateway.listen says where posts arrive");
  root.ignored("port", "gateway.listen says where posts arrive");
}

}  // namespace

Keys::Keys(Settings& settings) : settings_(settings) {
  if (settings.function.code) {
    code_ = *settings.function.code;
    code_given_ = true;
  }
  root_.key("target", settings.target, target_text(),
            "Required. Where events go. Without a path they go to `/gateway/<eventbus>` (with "
            "`delivery.profile: knative` to `/`), and `/` is a path. `{eventbus}` in a path or "
            "query stands for the eventbus, percent-encoded.",
            {.environment = kTargetVariable,
             .form = "`host`, `host:port`, or an http or https URL; IPv6 in brackets",
             .original = true});
  root_.key("eventbus", settings.eventbus, text(),
            "Required, unless `target` has a path without `{eventbus}`. The eventbus' name.",
            {.original = true});
  root_.key("debug", settings.debug, original_boolean(),
            "Log more, here and in the function. `LOG_LEVEL=debug` in the environment means the "
            "same where the key is not given.",
            {.original = true});
  credentials_keys(root_, settings.credentials);
  credentials_keys(root_.alias("secret"), settings.credentials);
  original_keys(root_);
  root_.key("instance_role", settings.instance_role, boolean(),
            "`true`: without a key pair, use the role of the CVM instance.");
  root_.key(
      "unknown_bucket", settings.unknown_bucket,
      choice<UnknownBucket>({{"accept", UnknownBucket::accept}, {"refuse", UnknownBucket::refuse}}),
      "What becomes of records of a bucket that no entry of `buckets` names: they go where the top "
      "level says, or their post gets 422. `refuse` also holds a function's posts to the buckets "
      "of that function. No effect without `buckets`.");
  single_bucket_ = settings.buckets.empty();
  auto& bucket = root_.section("bucket");
  bucket.optional(single_bucket_);
  bucket_keys(bucket, settings.bucket);
  root_.sections<BucketEntry>("buckets", settings.buckets, entry_keys);
  function_keys(root_.section("function"), settings.function, code_, code_given_);
  gateway_keys(root_.section("gateway"), settings.ingress);
  delivery_keys(root_.section("delivery"), settings.delivery);
  event_keys(root_.section("event"), settings.event);
  spool_keys(root_.section("spool"), settings.spool);
  root_.section("dead_letter")
      .key("path", settings.dead_letter.path, text(),
           "Where refused records go; empty: a permanently refused record fails its post.",
           {.form = "path"});
}

void Keys::finish(bool code_given) {
  code_given_ = code_given;
  if (code_given) settings_.function.code = code_;
}

}  // namespace gateway::config
