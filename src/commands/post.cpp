#include "commands/commands.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "commands/admin_address.hpp"
#include "commands/configuration.hpp"
#include "commands/read_file.hpp"
#include "events/terminal_text.hpp"
#include "gateway/auth/accepted_tokens.hpp"
#include "gateway/auth/hmac_sha256.hpp"
#include "gateway/auth/signature.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/observe/admin_client.hpp"
#include "gateway/observe/posted_events.hpp"
#include "gateway/observe/server_sent_events.hpp"
#include "runtime/asio.hpp"
#include "runtime/http_client.hpp"
#include "runtime/standard_streams.hpp"
#include "runtime/terminal.hpp"

namespace gateway::commands {
namespace {

// How long after delivery.deadline the gateway may answer: its stores need some time as well.
constexpr std::chrono::seconds kBeyondDeadline{15};
// The largest gateway.max_body there may be.
constexpr std::size_t kMostBody = std::size_t{1} << 30;
constexpr std::chrono::seconds kStreamLimit{2};
constexpr std::chrono::seconds kStreamSilence{30};
// How long it takes until every shard shows its events: it learns of a watcher at its next tick.
constexpr std::chrono::milliseconds kUntilSeen{200};
// How long after the answer the live view may still tell of an event.
constexpr std::chrono::milliseconds kTapPatience{500};

struct PostOptions {
  AdminAddress admin;
  ConfigurationOptions configuration;
  std::string path;
  std::string url;
  std::string ca_file;
};

struct Place {
  HttpOrigin origin;
  std::string target = "/";
};

std::optional<Place> place_of(const std::string& url, const config::Settings& settings) {
  if (!url.empty()) {
    const auto parsed = config::parse_http_url(url);
    if (!parsed) {
      print_error("error: --url: {}\n", parsed.error().message());
      return std::nullopt;
    }
    return Place{HttpOrigin(parsed->tls, parsed->host, parsed->port, parsed->authority),
                 (parsed->path.empty() ? "/" : parsed->path) + parsed->query};
  }
  if (settings.ingress.proxy_protocol) {
    print_error(
        "error: gateway.proxy_protocol is true: give --url with the address of what stands "
        "in front\n");
    return std::nullopt;
  }
  const config::HostPort address = settings.ingress.listen.from_here();
  return Place{HttpOrigin(!settings.ingress.tls.cert.empty(), address.host, address.port)};
}

HttpRequest request_of(const std::string& body, std::string_view content_type,
                       const Secret& token) {
  HttpRequest request;
  request.headers.emplace_back("Content-Type", content_type);
  request.body = body;
  if (token.empty()) return request;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string time =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  const auth::SignedField field{"content-type", content_type};
  std::string prefix;
  auth::write_v2_prefix(prefix, time, {&field, 1});
  const auth::HmacSha256 code(token);
  request.headers.emplace_back("X-Cos-Signature",
                               fmt::format("t={},v2={}", time, cloud::hex(code(prefix, body))));
  return request;
}

// Sends one post while the live view of events is open. The view is opened before the post is sent,
// so that it shows what becomes of its events. The post is also sent if there is no view.
class WatchedPost {
 public:
  WatchedPost(const Place& place, const std::string& ca_file, HttpRequest request,
              std::chrono::milliseconds limit, observe::PostedEvents& events)
      : client_(context_.get_executor(), place.origin, ca_file),
        request_(std::move(request)),
        limit_(limit),
        events_(events),
        patience_(context_.get_executor()) {
    request_.target = place.target;
  }

  [[nodiscard]] HttpResult run(const config::HostPort& admin, const observe::AdminKeys& keys) {
    HttpClient view(context_.get_executor(), observe::admin_origin(admin, keys));
    view_ = &view;
    watching_ = true;
    auto stream = observe::admin_request("/stream?events=tap", keys.token);
    auto watch = view.follow(std::move(stream), kStreamLimit, kStreamSilence,
                             [this](std::string_view bytes) { on_stream(bytes); });
    asio::co_spawn(context_.get_executor(), std::move(watch),
                   [this](const std::exception_ptr& error, const HttpResult& /*ended*/) {
                     if (error && !thrown_) thrown_ = error;
                     watching_ = false;
                     patience_.cancel();
                     post();
                   });
    context_.run();
    if (thrown_) std::rethrow_exception(thrown_);
    return std::move(result_);
  }

 private:
  void on_stream(std::string_view bytes) {
    reader_.feed(bytes, [this](std::string_view name, std::string_view data) {
      if (name == "tap") events_.settled(data);
    });
    if (!std::exchange(seen_, true)) {
      patience_.expires_after(kUntilSeen);
      patience_.async_wait([this](const error_code&) { post(); });
    }
    if (answered_ && events_.all_seen()) view_->cancel();
  }

  // Sends the post. Called when the view shows events, or when it is known that there is none.
  void post() {
    if (std::exchange(posted_, true)) return;
    asio::co_spawn(context_.get_executor(), client_.exchange(std::move(request_), limit_),
                   [this](const std::exception_ptr& error, HttpResult got) {
                     if (error && !thrown_) thrown_ = error;
                     result_ = std::move(got);
                     end();
                   });
  }

  void end() {
    answered_ = true;
    if (!watching_) return;
    if (events_.all_seen()) return view_->cancel();
    patience_.expires_after(kTapPatience);
    patience_.async_wait([this](const error_code&) {
      if (watching_) view_->cancel();
    });
  }

  asio::io_context context_{1};
  HttpClient client_;
  HttpRequest request_;
  const std::chrono::milliseconds limit_;
  observe::PostedEvents& events_;
  observe::EventStreamReader reader_;
  Timer patience_;
  HttpClient* view_ = nullptr;
  bool watching_ = false;
  bool seen_ = false;  // the view has begun
  bool posted_ = false;
  bool answered_ = false;
  HttpResult result_;
  std::exception_ptr thrown_;
};

int exit_code_of_answer(unsigned status) {
  if (status / 100 == 2) return kDone;
  if (status == 401 || status == 403) return kNotAuthorised;
  return status / 100 == 4 ? kUsage : kUnavailable;
}

int post(const PostOptions& options) {
  const auto settings = options.configuration.load();
  if (!settings) return kConfiguration;
  int exit_code = kDone;
  const auto admin = options.admin.find(*settings, exit_code);
  if (!admin) return exit_code;
  const auto place = place_of(options.url, *settings);
  if (!place) return kUsage;
  const auto body = read_file(options.path, kMostBody);
  if (!body) return kUsage;
  if (body->size() > kMostBody) {
    print_error("error: {} is larger than any gateway.max_body\n", options.path);
    return kUsage;
  }

  observe::PostedEvents events(*body);
  const auto limit = settings->delivery.deadline + kBeyondDeadline;
  WatchedPost watched(*place, options.ca_file,
                      request_of(*body, events.content_type(), auth::gateway_token(*settings)),
                      limit, events);
  const HttpResult result =
      watched.run(*admin, {settings->ingress.admin_token, settings->ingress.admin_host});
  const unsigned status = result ? result->status : 0;
  events.answered(status, result ? std::string_view(result->body) : std::string_view());
  Terminal terminal(stdout);
  for (const Line& line : events.lines()) terminal.line(line);
  if (!result) {
    print_error("error: no answer from {}: {}\n", place->origin.authority(),
                events::terminal_text(result.error().text()));
    return kUnavailable;
  }
  terminal.line(Line().add(fmt::format("{} {}", status, result->body),
                           status / 100 == 2 ? Colour::plain : Colour::red));
  return exit_code_of_answer(status);
}

}  // namespace

Command post_command() {
  auto options = std::make_shared<PostOptions>();
  Command command{.name = "post",
                  .summary =
                      "Sign a post, send it to a running gateway and say where each of its events "
                      "ended. It is a COS trigger payload, a CloudEvent or a batch of them in JSON",
                  .run = [options] { return post(*options); }};
  command.add("file", &options->path, "The post's body; -: standard input",
              {.shown = "FILE", .required = true});
  options->configuration.add_to(command);
  options->configuration.assume_if_none(
      {"target=http://eventbus.example", "eventbus=example", "function.provision=false"});
  options->admin.add_address_to(command);
  command.add("--url", &options->url,
              "Where the gateway takes posts, as gateway.public_url (else gateway.listen)",
              {.shown = "URL"});
  command.add("--ca", &options->ca_file, "Certificates (PEM) to trust besides the system's",
              {.shown = "FILE", .existing_file = true});
  return command;
}

}  // namespace gateway::commands
