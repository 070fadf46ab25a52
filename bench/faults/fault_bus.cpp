#include "faults/fault_bus.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <future>
#include <string_view>
#include <utility>

#include "demo/request_stream.hpp"

namespace gateway::faults {
namespace {

using Kind = Fault::Kind;
using demo::RequestStream;
using std::chrono::steady_clock;

constexpr std::size_t kReadSize = std::size_t{64} << 10;
// How often phases are looked at, and slow reads made.
constexpr std::chrono::milliseconds kTick{10};
// Answers of pipelined requests leave together up to this size.
constexpr std::size_t kFlushSize = std::size_t{16} << 10;

constexpr std::string_view kNoEvent =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view kSurplus = "HTTP/1.1 500 Surplus\r\nContent-Length: 0\r\n\r\n";

}  // namespace

class FaultBus::Connection {
 public:
  explicit Connection(Socket accepted)
      : socket(std::move(accepted)), timer(socket.get_executor()) {}

  // By RST, whatever is still to be sent.
  void reset() {
    error_code ignored;  // it is going away in any case
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
  }
  void close() {
    error_code ignored;
    socket.close(ignored);
    timer.cancel();
  }

  Socket socket;
  Timer timer;
  RequestStream requests;
  std::string answers;
  steady_clock::time_point read_at;
};

FaultBus::FaultBus(Schedule schedule, std::uint64_t seed)
    : random_(seed),
      schedule_(std::move(schedule)),
      begun_(steady_clock::now()),
      acceptor_(context_.get_executor()),
      tick_(context_.get_executor()) {
  open_listener();
  enter(phase());
  const auto keep = [this](const std::exception_ptr& error) {
    if (!error) return;
    failure_ = error;
    context_.stop();
  };
  asio::co_spawn(context_.get_executor(), watch_phases(), keep);
  thread_ = std::thread([this] { run(); });
}

FaultBus::~FaultBus() {
  try {
    stop();
  } catch (const std::exception& error) {
    fmt::print(stderr, "fault bus: {}\n", error.what());
  }
}

void FaultBus::run() {
  try {
    context_.run();
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void FaultBus::follow(const Schedule& schedule) {
  auto in_force = std::make_shared<std::promise<void>>();
  auto wait = in_force->get_future();
  asio::post(context_, [this, schedule, in_force] {
    schedule_ = schedule;
    begun_ = steady_clock::now();
    enter(phase());
    in_force->set_value();
  });
  // Only a failure keeps the loop from it; stop() tells which.
  if (wait.wait_for(std::chrono::seconds(10)) != std::future_status::ready) stop();
}

void FaultBus::stop() {
  if (!thread_.joinable()) return;
  asio::post(context_, [this] {
    stopping_ = true;
    error_code ignored;  // going away
    acceptor_.close(ignored);
    for (const auto& weak : connections_) {
      if (const auto connection = weak.lock()) connection->close();
    }
    tick_.cancel();
  });
  thread_.join();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

const Phase& FaultBus::phase() const {
  return schedule_.at(steady_clock::now() - begun_);
}

// Bound, but not listening: connections are refused and nobody else gets the port.
void FaultBus::open_listener() {
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port_);
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(asio::socket_base::reuse_address(true));
  acceptor_.bind(endpoint);
  port_ = acceptor_.local_endpoint().port();
}

void FaultBus::begin_listening() {
  acceptor_.listen();
  listening_ = true;
  asio::co_spawn(context_.get_executor(), accept_loop(), [this](const std::exception_ptr& error) {
    if (!error) return;
    failure_ = error;
    context_.stop();
  });
}

void FaultBus::enter(const Phase& phase) {
  if (!phase.down && !listening_) begin_listening();
  if (!phase.down || !listening_) return;
  listening_ = false;
  acceptor_.close();
  for (const auto& weak : connections_) {
    if (const auto connection = weak.lock()) connection->reset();
  }
  open_listener();
}

Task<void> FaultBus::watch_phases() {
  while (!stopping_) {
    tick_.expires_after(kTick);
    auto [cancelled] = co_await tick_.async_wait(tuple);
    static_cast<void>(cancelled);
    if (!stopping_) enter(phase());
  }
}

Task<void> FaultBus::accept_loop() {
  while (listening_ && !stopping_) {
    auto [error, socket] = co_await acceptor_.async_accept(tuple);
    if (error == asio::error::operation_aborted) co_return;  // the next listener has its own loop
    if (error) continue;
    socket.set_option(tcp::no_delay(true), error);
    auto connection = std::make_shared<Connection>(std::move(socket));
    if (phase().close_early(random_)) {
      count(Kind::close_early);
      continue;
    }
    connections_.remove_if([](const std::weak_ptr<Connection>& it) { return it.expired(); });
    connections_.push_back(connection);
    asio::co_spawn(context_.get_executor(), serve(std::move(connection)),
                   [this](const std::exception_ptr& failure) {
                     if (!failure) return;
                     failure_ = failure;
                     context_.stop();
                   });
  }
}

Task<void> FaultBus::serve(std::shared_ptr<Connection> connection) {
  bool open = true;
  while (open && connection->socket.is_open()) {
    const auto state = connection->requests.next();
    if (state == RequestStream::State::complete) {
      open = co_await treat(*connection);
      if (!open || connection->requests.has_more()) continue;
    } else if (state == RequestStream::State::malformed) {
      ++malformed_;
      connection->answers += kNoEvent;
      open = false;
    }
    const bool sent = co_await flush(*connection);
    if (!open || !sent) break;
    open = co_await receive(*connection);
  }
  error_code ignored;  // the peer may have gone first
  connection->socket.shutdown(Socket::shutdown_send, ignored);
}

Task<bool> FaultBus::treat(Connection& connection) {
  const Phase& phase = this->phase();
  const Fault fault = phase.choose(random_);
  const auto due = connection.read_at + phase.latency(random_);
  const bool taken =
      fault.kind != Kind::stall && (fault.kind != Kind::answer || fault.status < 300);
  const auto answer = fault.kind == Kind::answer || fault.kind == Kind::surplus
                          ? Arrivals::Answer::accepted
                          : Arrivals::Answer::cut;
  if (!note(connection, taken ? answer : Arrivals::Answer::refused)) {
    ++malformed_;
    connection.answers += kNoEvent;
    const bool sent = co_await flush(connection);
    static_cast<void>(sent);
    co_return false;
  }
  count(fault.kind);
  const bool ends = fault.kind != Kind::answer;
  if (ends || due > steady_clock::now() || connection.answers.size() >= kFlushSize) {
    const bool sent = co_await flush(connection);
    if (!sent) co_return false;
    connection.timer.expires_at(due);
    auto [cancelled] = co_await connection.timer.async_wait(tuple);
    static_cast<void>(cancelled);
    if (!connection.socket.is_open()) co_return false;
  }
  switch (fault.kind) {
    case Kind::answer:
    case Kind::surplus:
      connection.answers += answer_text(fault);
      if (fault.kind == Kind::surplus) connection.answers += kSurplus;
      break;
    case Kind::half:
      connection.answers += "HTTP/1.1 20";
      break;
    case Kind::garbage:
      connection.answers += "\x16\x03\x01 this is not HTTP\r\n\r\n";
      break;
    case Kind::reset:
      connection.reset();
      break;
    case Kind::stall:
      co_await drain(connection);
      break;
    case Kind::cut:
    case Kind::close_early:
      break;
  }
  if (!ends) co_return connection.requests.keep_alive();
  if (connection.socket.is_open()) {
    const bool sent = co_await flush(connection);
    static_cast<void>(sent);
  }
  co_return false;
}

Task<bool> FaultBus::flush(Connection& connection) {
  if (connection.answers.empty()) co_return true;
  auto [error, size] =
      co_await asio::async_write(connection.socket, asio::buffer(connection.answers), tuple);
  static_cast<void>(size);
  connection.answers.clear();
  co_return !error;
}

Task<bool> FaultBus::receive(Connection& connection) {
  std::size_t most = kReadSize;
  if (const std::size_t slow = phase().read_size; slow != 0) {
    most = slow;
    connection.timer.expires_after(kTick);
    auto [cancelled] = co_await connection.timer.async_wait(tuple);
    static_cast<void>(cancelled);
  }
  auto [error, size] =
      co_await connection.socket.async_read_some(connection.requests.prepare(most), tuple);
  if (error) co_return false;
  connection.requests.commit(size);
  connection.read_at = steady_clock::now();
  co_return true;
}

// Until the peer gives up.
Task<void> FaultBus::drain(Connection& connection) {
  std::array<char, 4096> dropped{};
  for (;;) {
    auto [error, size] = co_await connection.socket.async_read_some(asio::buffer(dropped), tuple);
    static_cast<void>(size);
    if (error) co_return;
  }
}

bool FaultBus::note(Connection& connection, Arrivals::Answer answer) {
  const auto received = demo::read_events(connection.requests.request());
  if (!received) return false;
  for (const auto& event : received->events) {
    arrivals_.note(event.attribute("id"), marker_.mark(event.data), answer);
    if (answer != Arrivals::Answer::refused) ++taken_;
  }
  return true;
}

std::string FaultBus::answer_text(const Fault& fault) {
  std::string text = fmt::format("HTTP/1.1 {} Answer\r\n", fault.status);
  if (fault.retry_after) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    text += fmt::format("Retry-After: {}\r\n", retry_after_text(random_, now));
  }
  text += fault.status == 204 ? "\r\n" : "Content-Length: 0\r\n\r\n";
  return text;
}

}  // namespace gateway::faults
