#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloud/pod_identity.hpp"
#include "runtime/host_port.hpp"
#include "runtime/proxy_rules.hpp"
#include "runtime/secret.hpp"

// The typed configuration. Defaults stand in place; reading and checking is the business of
// load.hpp. Plain values, copied freely; every key is documented in docs/configuration.md.
namespace gateway::config {

using Duration = std::chrono::milliseconds;

struct HostPort {
  std::string host;  // without brackets, also for IPv6
  std::uint16_t port = 0;

  [[nodiscard]] std::string text() const { return host_port_text(host, port); }
  // Returns where this host reaches what listens there: on all addresses means on its loopback too,
  // and on all of IPv6 on IPv4's, which is there also where IPv6 is not.
  [[nodiscard]] HostPort from_here() const {
    return {host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host, port};
  }
};

struct Bucket {
  std::string endpoint;
  std::vector<std::string> events{"cos:ObjectCreated:*"};
  std::string prefix;
  std::string suffix;
};

// The COS object the original connector's function is deployed from.
struct FunctionCode {
  std::string bucket = "vanus-1253760853";
  std::string region = "ap-beijing";
  std::string path = "/vanus/cos-source/dev/main.zip";
};

enum class OnStop { delete_function, keep_function };

struct Function {
  std::string region;
  std::string name;               // empty only when nothing is known to derive it from
  std::string space = "default";  // function.namespace
  std::optional<FunctionCode> code;
  bool provision = true;
  OnStop on_stop = OnStop::delete_function;
  std::string runtime = "Nodejs18.15";
  unsigned memory_mb = 128;
  Duration timeout = std::chrono::seconds(60);
  unsigned retries = 2;
  Duration max_age = std::chrono::hours(6);
  std::string api = "https://scf.tencentcloudapi.com";
};

enum class Auth { automatic, hmac, none };

struct TlsFiles {
  std::string cert;
  std::string key;
  std::string ca;      // ingress: client_ca, whose clients are let in; eventbus: ca, who is trusted
  bool verify = true;  // eventbus only
  [[nodiscard]] bool any() const noexcept { return !cert.empty() || !key.empty() || !ca.empty(); }
};

struct Ingress {  // the `gateway:` section
  HostPort listen{"0.0.0.0", 8080};
  HostPort admin{"0.0.0.0", 9464};
  Secret admin_token;      // for the status page, /status and what else is not for probes
  std::string admin_host;  // likewise, the Host they are served under; empty: any
  std::string public_url;
  unsigned threads = 0;  // 0: one per usable core
  Auth auth = Auth::automatic;
  Secret token;
  Secret previous_token;      // accepted as well, while senders change to another
  Duration replay_window{0};  // how long a signature is not taken again; 0: it is
  TlsFiles tls;
  std::size_t max_body = std::size_t{8} << 20;
  std::size_t max_connections = 10'000;
  std::size_t max_per_source = 0;  // connections of one client address; 0: no limit
  bool proxy_protocol = false;     // each connection begins with a PROXY header
  std::size_t max_in_flight = std::size_t{64} << 20;
  Duration idle_timeout = std::chrono::seconds(75);
  Duration request_timeout = std::chrono::seconds(10);
  // When the process is stopped: how long posts are still taken while readiness is off already.
  Duration drain_delay = std::chrono::seconds(3);
  // And what those in flight get after that.
  Duration grace = std::chrono::seconds(30);
};

// Whose habits the eventbus has; docs/destinations.md.
enum class Profile { generic, vanus, knative };

// What an answer with some status is to mean, against the profile.
enum class Treatment { retry, refuse, accept };

enum class Mode { binary, structured, batch };

struct Queue {  // per thread
  std::size_t events = 65'536;
  std::size_t bytes = std::size_t{64} << 20;
};

struct Retry {
  Duration initial = std::chrono::milliseconds(100);
  Duration max = std::chrono::seconds(10);
  double multiplier = 2;
};

// Client credentials (RFC 6749 section 4.4) that a token for the eventbus is fetched with.
struct OAuth2 {
  std::string token_url;  // empty: no token
  std::string client_id;
  Secret client_secret;
  std::string scope;
};

struct Delivery {
  unsigned connections = 0;  // per thread; 0: auto
  unsigned pipeline = 0;     // requests in flight per connection; 0: auto
  Mode mode = Mode::binary;
  Profile profile = Profile::generic;
  std::map<unsigned, Treatment> status;  // by status code
  Queue queue;
  Duration timeout = std::chrono::seconds(10);
  Duration deadline = std::chrono::seconds(25);
  Duration idle_timeout = std::chrono::seconds(60);
  Duration max_age = std::chrono::minutes(10);
  Retry retry;
  std::vector<std::pair<std::string, Secret>> headers;
  TlsFiles tls;
  Secret proxy;        // as it was given, as it may hold a password; empty: that of the environment
  ProxyRules proxies;  // what it comes to; not read, but derived
  OAuth2 oauth2;
};

enum class EventId { random, stable, stable_v1 };
enum class EventData { record, records };

struct Event {
  EventId id = EventId::random;
  EventData data = EventData::record;
  // Any of subject, cosbucket, cosregion, coseventname, coseventtime.
  std::vector<std::string> attributes;
  std::vector<std::string> redact;  // names of request headers in the record

  [[nodiscard]] bool operator==(const Event&) const = default;
};

// One entry of `buckets`. What it leaves out is as the top level says; complete_buckets() fills it.
struct BucketEntry {
  Bucket bucket;
  std::vector<std::string> include;  // patterns of object keys
  std::vector<std::string> exclude;
  std::string eventbus;
  std::string target;
  Function function;  // who has the entry's triggers; others may share it
  Event event;
};

// What becomes of records of buckets that no entry names.
enum class UnknownBucket { accept, refuse };

struct Storage {  // of spool and dead letters
  std::string path;
  std::size_t max_bytes = std::size_t{10} << 30;
  // Of the spool: an event that is older and still answered with failures becomes a dead letter.
  // 0: never.
  Duration max_age = std::chrono::hours(24);
  // No keys: the bytes of memory there are for what is written, for the largest post in it, and for
  // what each thread replays to each target; 0: no bound is known. Set by checkup::fit().
  std::size_t memory = 0;
  std::size_t largest = 0;
  std::size_t replay_memory = 0;
};

struct Credentials {
  Secret secret_id;
  Secret secret_key;
  Secret session_token;
};

struct Settings {
  std::string target;
  std::string eventbus;
  bool debug = false;
  Credentials credentials;
  std::optional<cloud::PodIdentity> pod_identity;  // from the environment alone
  bool instance_role = false;
  Bucket bucket;  // means a list of one; not beside `buckets`
  std::vector<BucketEntry> buckets;
  UnknownBucket unknown_bucket = UnknownBucket::accept;
  Function function;
  Ingress ingress;
  Delivery delivery;
  Event event;
  Storage spool;
  Storage dead_letter;
  ProxyRules environment_proxies;  // of calls to the cloud

  // ce-source of every event made here.
  [[nodiscard]] std::string source() const {
    return function.name.empty() ? "cos-gateway" : function.name;
  }
};

}  // namespace gateway::config
