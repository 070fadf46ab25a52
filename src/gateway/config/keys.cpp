#include "gateway/config/keys.hpp"

// Every key of the configuration, in the order they are printed. A key to add goes into
// settings.hpp, here and into docs/configuration.md (a test compares the two).
namespace gateway::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKiB = std::size_t{1} << 10;
constexpr std::size_t kGiB = std::size_t{1} << 30;
constexpr std::size_t kTiB = std::size_t{1} << 40;

void credentials_keys(Section& section, Credentials& credentials) {
  section.secret("secret_id", credentials.secret_id);
  section.secret("secret_key", credentials.secret_key);
  section.secret("session_token", credentials.session_token);
}

void bucket_keys(Section& section, Bucket& bucket) {
  section.key("endpoint", bucket.endpoint, Text{});
  section.list("events", bucket.events, BucketEvent{});
  section.key("prefix", bucket.prefix, Text{});
  section.key("suffix", bucket.suffix, Text{});
  section.ignored("filters",
                  "the original connector never used it either; bucket.prefix and bucket.suffix do "
                  "filter");
}

void function_keys(Section& section, Function& function, FunctionCode& code,
                   const bool& code_given) {
  section.key("region", function.region, Text{});
  section.key("name", function.name, Text{});
  section.key("namespace", function.space, NonEmptyText{});
  auto& code_section = section.section("code");
  code_section.optional(code_given);
  code_section.key("bucket", code.bucket, NonEmptyText{});
  code_section.key("region", code.region, NonEmptyText{});
  code_section.key("path", code.path, NonEmptyText{});
  section.key("provision", function.provision, Boolean{});
  section.key("on_stop", function.on_stop,
              Choice<OnStop>{{"", function.on_stop},
                             {"delete", OnStop::delete_function},
                             {"keep", OnStop::keep_function}});
  section.key("runtime", function.runtime, NonEmptyText{});
  section.key("memory", function.memory_mb, FunctionMemory{});
  section.key("timeout", function.timeout, Time{1s, 900s, 1s});
  section.key("retries", function.retries, Count{0, 2});
  section.key("max_age", function.max_age, Time{1min, 6h, 1s});
  section.key("api", function.api, Url{Url::kBase});
}

void gateway_keys(Section& section, Ingress& ingress) {
  section.key("listen", ingress.listen, ListenAddress{});
  section.key("admin", ingress.admin, ListenAddress{});
  section.key("public_url", ingress.public_url, Url{Url::kOptional});
  section.key("threads", ingress.threads, Count{0, 1024});
  section.key("auth", ingress.auth,
              Choice<Auth>{{"auto", Auth::automatic}, {"hmac", Auth::hmac}, {"none", Auth::none}});
  section.secret("token", ingress.token);
  section.secret("previous_token", ingress.previous_token);
  auto& tls = section.section("tls");
  tls.key("cert", ingress.tls.cert, Text{});
  tls.key("key", ingress.tls.key, Text{});
  tls.key("client_ca", ingress.tls.ca, Text{});
  section.key("max_body", ingress.max_body, Bytes{kKiB, kGiB});
  section.key("max_connections", ingress.max_connections, LargeCount{1, 1'000'000});
  section.key("max_per_source", ingress.max_per_source, LargeCount{0, 1'000'000});
  section.key("max_in_flight", ingress.max_in_flight, Bytes{kKiB, kTiB});
  section.key("idle_timeout", ingress.idle_timeout, Time{1s, 24h});
  section.key("request_timeout", ingress.request_timeout, Time{100ms, 1h});
  section.key("drain_delay", ingress.drain_delay, Time{0ms, 1h});
  section.key("grace", ingress.grace, Time{0ms, 1h});
}

void delivery_keys(Section& section, Delivery& delivery) {
  section.key("connections", delivery.connections, Count{1, 1024});
  section.key("pipeline", delivery.pipeline, AutoOrCount{1024});
  section.key(
      "mode", delivery.mode,
      Choice<Mode>{
          {"binary", Mode::binary}, {"structured", Mode::structured}, {"batch", Mode::batch}});
  section.key(
      "profile", delivery.profile,
      Choice<Profile>{
          {"generic", Profile::generic}, {"vanus", Profile::vanus}, {"knative", Profile::knative}});
  section.add("status", std::make_unique<TreatmentsField>(delivery.status));
  auto& queue = section.section("queue");
  queue.key("events", delivery.queue.events, LargeCount{1, 16'777'216});
  queue.key("bytes", delivery.queue.bytes, Bytes{kKiB, kTiB});
  section.key("timeout", delivery.timeout, Time{1ms, 1h});
  section.key("deadline", delivery.deadline, Time{1ms, 1h});
  auto& retry = section.section("retry");
  retry.key("initial", delivery.retry.initial, Time{1ms, 1h});
  retry.key("max", delivery.retry.max, Time{1ms, 24h});
  retry.key("multiplier", delivery.retry.multiplier, Number{1, 100});
  section.add("headers", std::make_unique<HeadersField>(delivery.headers));
  auto& tls = section.section("tls");
  tls.key("ca", delivery.tls.ca, Text{});
  tls.key("cert", delivery.tls.cert, Text{});
  tls.key("key", delivery.tls.key, Text{});
  tls.key("verify", delivery.tls.verify, Boolean{});
}

void event_keys(Section& section, Event& event) {
  section.key("id", event.id,
              Choice<EventId>{{"random", EventId::random}, {"stable", EventId::stable}});
  section.key("data", event.data,
              Choice<EventData>{{"record", EventData::record}, {"records", EventData::records}});
  section.list("attributes", event.attributes,
               OneOf{"subject", "cosbucket", "cosregion", "coseventname", "coseventtime"});
  section.list("redact", event.redact, HeaderName{});
}

}  // namespace

Keys::Keys(Settings& settings) : settings_(settings) {
  if (settings.function.code) {
    code_ = *settings.function.code;
    code_given_ = true;
  }
  root_.key("target", settings.target, Text{});
  root_.key("eventbus", settings.eventbus, Text{});
  root_.key("debug", settings.debug, Boolean{});
  credentials_keys(root_, settings.credentials);
  credentials_keys(root_.alias("secret"), settings.credentials);
  root_.key("instance_role", settings.instance_role, Boolean{});
  bucket_keys(root_.section("bucket"), settings.bucket);
  function_keys(root_.section("function"), settings.function, code_, code_given_);
  gateway_keys(root_.section("gateway"), settings.ingress);
  delivery_keys(root_.section("delivery"), settings.delivery);
  event_keys(root_.section("event"), settings.event);
  auto& spool = root_.section("spool");
  spool.key("path", settings.spool.path, Text{});
  spool.key("max_bytes", settings.spool.max_bytes, Bytes{4 * kKiB, 1024 * kTiB});
  spool.key("max_age", settings.spool.max_age, Time{0ms, 8760h});
  root_.section("dead_letter").key("path", settings.dead_letter.path, Text{});
}

void Keys::finish(bool code_given) {
  code_given_ = code_given;
  if (code_given) settings_.function.code = code_;
}

}  // namespace gateway::config
