#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <simdjson.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "events/rfc3339.hpp"
#include "events/uuid.hpp"
#include "testkit/guarded.hpp"
#include "testkit/socket.hpp"

namespace gateway::floor {
namespace {

constexpr std::size_t kFirstRead = std::size_t{16} << 10;
constexpr unsigned kBuses = 2;             // connections to the eventbus
constexpr std::size_t kMostPieces = 1024;  // of one gathered write: UIO_MAXIOV
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kFailed = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kMalformed = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

// The size of an HTTP/1.1 message with a Content-Length, or without a body.
struct MessageSize {
  std::size_t head = 0;  // with its blank line
  std::size_t body = 0;
};

// Returns the sizes, or nullopt while the head is incomplete. Checks only what is needed to find
// the end.
std::optional<MessageSize> message_size(std::string_view bytes) noexcept {
  constexpr std::string_view kLength = "content-length:";
  MessageSize size;
  for (std::size_t line = 0;;) {
    const std::size_t end = bytes.find('\n', line);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == line + 1) {
      size.head = end + 1;
      return size;
    }
    if ((bytes[line] | ' ') == 'c' && end - line > kLength.size() &&
        ::strncasecmp(bytes.data() + line, kLength.data(), kLength.size()) == 0) {
      const char* value = bytes.data() + line + kLength.size();
      while (*value == ' ') ++value;
      std::from_chars(value, bytes.data() + end, size.body);
    }
    line = end + 1;
  }
}

int require(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

void watch(int epoll, int fd, void* tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = tag;
  require(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

// Makes heads of binary-mode CloudEvents from one prepared text, in which id, time and length are
// filled in. A head stays where it was written until forget().
class EventHeads {
 public:
  explicit EventHeads(std::uint16_t eventbus_port) {
    text_ = fmt::format(
        "POST /gateway/bench HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n"
        "ce-specversion: 1.0\r\nce-source: cos-gateway\r\nce-type: tencent-cloud-cos-event\r\n"
        "ce-id: ",
        eventbus_port);
    id_at_ = text_.size();
    text_.append(events::Uuid::kTextSize, '-');
    text_ += "\r\nce-time: ";
    time_at_ = text_.size();
    text_.append(events::kRfc3339Size, '0');
    text_ += "\r\nContent-Length: ";
  }

  // Sets the time of the events that are made until the next call. To be called once per loop turn.
  void read_clock() {
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (now == time_) return;
    time_ = now;
    events::write_rfc3339(now, text_.data() + time_at_);
  }
  [[nodiscard]] std::string_view make(std::size_t body_size) {
    char* const head = room();
    std::memcpy(head, text_.data(), text_.size());
    ids_.next().write(head + id_at_);
    char* const digits = head + text_.size();
    char* end = std::to_chars(digits, digits + kMostDigits, body_size).ptr;
    std::memcpy(end, kEnd.data(), kEnd.size());
    end += kEnd.size();
    used_ += static_cast<std::size_t>(end - head);
    return {head, static_cast<std::size_t>(end - head)};
  }
  // Frees the heads made so far, all of which have been sent.
  void forget() noexcept { chunk_ = used_ = 0; }

 private:
  static constexpr std::size_t kChunk = std::size_t{64} << 10;
  static constexpr std::size_t kMostDigits = 20;
  static constexpr std::string_view kEnd = "\r\n\r\n";

  char* room() {
    if (used_ + text_.size() + kMostDigits + kEnd.size() > kChunk) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique<char[]>(kChunk));
    return chunks_[chunk_].get() + used_;
  }

  std::string text_;  // up to the value of Content-Length
  std::size_t id_at_ = 0;
  std::size_t time_at_ = 0;
  std::chrono::sys_time<std::chrono::milliseconds> time_;  // that stands in the text
  events::RandomUuids ids_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

// Shows the unavoidable part of the cost of a gateway: it does only what every gateway must. It
// reads posts, cuts out their records, sends each record as one CloudEvent, and answers 200 once
// all records of a post are acknowledged. One thread, one read, one gathered write and one answer
// where these suffice. No validation, no retries, no time-outs, no limits; anything unexpected ends
// the connection or the program.
//
// A loop turn reads every client that has sent something, sends all of it over one eventbus
// connection, and answers every client whose posts are complete. Nothing is read while anything is
// unsent, so that records are sent from the buffer of their client.
class BareGateway {
 public:
  // Connects and listens, on ports of 127.0.0.1. Throws std::system_error.
  BareGateway(std::uint16_t port, std::uint16_t eventbus_port)
      : heads_(eventbus_port),
        epoll_(require(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
        listener_(test::bind_loopback(port)) {
    for (unsigned i = 0; i < kBuses; ++i) {
      auto& bus = *buses_.emplace_back(std::make_unique<Eventbus>(eventbus_port));
      watch(epoll_.fd(), bus.socket.fd(), &bus);
    }
    require(::listen(listener_.fd(), SOMAXCONN), "listen");
    watch(epoll_.fd(), listener_.fd(), this);
  }
  BareGateway(const BareGateway&) = delete;
  BareGateway& operator=(const BareGateway&) = delete;

  // Runs until a signal ends the process. Throws std::runtime_error when the eventbus closes.
  [[noreturn]] void run() {
    std::array<epoll_event, 512> events{};
    for (;;) {
      const int count =
          ::epoll_wait(epoll_.fd(), events.data(), static_cast<int>(events.size()), -1);
      if (count < 0 && errno != EINTR) require(count, "epoll_wait");
      heads_.read_clock();
      ++turn_;
      for (int i = 0; i < count; ++i) {
        void* const tag = events[static_cast<std::size_t>(i)].data.ptr;
        const auto bus =
            std::ranges::find(buses_, tag, [](const auto& each) { return each.get(); });
        if (tag == this) {
          accept_all();
        } else if (bus != buses_.end()) {
          read_answers(**bus);
        } else {
          read_client(*static_cast<Client*>(tag));
        }
      }
      send_staged();
      for (Client* const client : ready_) answer(*client);
      ready_.clear();
    }
  }

 private:
  struct Client;
  struct Post {
    Client* client;
    std::size_t open;  // records without an answer
    std::string_view answer;
  };

  struct Client {
    int fd = -1;
    std::vector<char> bytes = std::vector<char>(kFirstRead + simdjson::SIMDJSON_PADDING);
    std::size_t end = 0;     // of what was read
    std::deque<Post> posts;  // not yet answered, in order
    bool owed = false;       // stands in ready_
  };

  struct Eventbus {
    explicit Eventbus(std::uint16_t port) : socket(test::connect_to("127.0.0.1", port)) {}
    test::Socket socket;
    std::deque<Post*> in_flight;
    std::vector<char> bytes = std::vector<char>(kFirstRead * 4);
    std::size_t end = 0;
  };

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      require(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
      auto* const client = new Client;
      client->fd = fd;
      watch(epoll_.fd(), fd, client);
    }
  }
  void read_client(Client& client) {
    std::size_t wanted = kFirstRead;
    for (;;) {
      if (client.bytes.size() < wanted + simdjson::SIMDJSON_PADDING) {
        client.bytes.resize(wanted + simdjson::SIMDJSON_PADDING);
      }
      const std::size_t room = client.bytes.size() - simdjson::SIMDJSON_PADDING - client.end;
      const ssize_t got = ::recv(client.fd, client.bytes.data() + client.end, room, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        ::close(client.fd);
        client.fd = -1;
        owe(client);  // it goes with its last post
        return;
      }
      client.end += static_cast<std::size_t>(got);
      std::size_t begin = 0;
      wanted = 0;
      while (begin < client.end) {
        const auto size = message_size({client.bytes.data() + begin, client.end - begin});
        wanted = size ? size->head + size->body : kFirstRead;
        if (!size || wanted > client.end - begin) break;
        take_post(client, client.bytes.data() + begin + size->head, size->body);
        begin += wanted;
        wanted = 0;
      }
      if (begin == client.end) {
        client.end = 0;
        return;
      }
      if (begin != 0) {
        // A pipelined post: the records that were cut out are still to be sent from this buffer.
        send_staged();
        std::memmove(client.bytes.data(), client.bytes.data() + begin, client.end - begin);
        client.end -= begin;
      }
    }
  }
  void take_post(Client& client, char* body, std::size_t size) {
    Post& post = client.posts.emplace_back(Post{&client, 0, kOk});
    simdjson::ondemand::document document;
    simdjson::ondemand::array records;
    if (parser_.iterate(body, size, size + simdjson::SIMDJSON_PADDING).get(document) ==
            simdjson::SUCCESS &&
        document["Records"].get_array().get(records) == simdjson::SUCCESS) {
      for (auto element : records) {
        simdjson::ondemand::object record;
        std::string_view text;
        if (element.get_object().get(record) != simdjson::SUCCESS ||
            record.raw_json().get(text) != simdjson::SUCCESS) {
          post.answer = kMalformed;
          break;
        }
        stage(post, text);
      }
    } else {
      post.answer = kMalformed;
    }
    if (post.open == 0) owe(client);
  }
  void stage(Post& post, std::string_view record) {
    const std::string_view head = heads_.make(record.size());
    staged_.push_back({const_cast<char*>(head.data()), head.size()});
    staged_.push_back({const_cast<char*>(record.data()), record.size()});
    buses_[turn_ % buses_.size()]->in_flight.push_back(&post);
    ++post.open;
  }
  void send_staged() {
    Eventbus& bus = *buses_[turn_ % buses_.size()];
    std::span<iovec> left = staged_;
    while (!left.empty()) {
      msghdr message{};
      message.msg_iov = left.data();
      message.msg_iovlen = std::min(left.size(), kMostPieces);
      const ssize_t result = ::sendmsg(bus.socket.fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (result < 0) {
        if (errno != EAGAIN) throw std::runtime_error("the eventbus is gone");
        // The answers of the bus must be read meanwhile, or both sides would wait for each other.
        pollfd both{bus.socket.fd(), POLLIN | POLLOUT, 0};
        require(::poll(&both, 1, -1), "poll");
        if ((both.revents & POLLIN) != 0) read_answers(bus);
        continue;
      }
      auto sent = static_cast<std::size_t>(result);
      while (!left.empty() && sent >= left.front().iov_len) {
        sent -= left.front().iov_len;
        left = left.subspan(1);
      }
      if (sent != 0) {
        left.front().iov_base = static_cast<char*>(left.front().iov_base) + sent;
        left.front().iov_len -= sent;
      }
    }
    staged_.clear();
    heads_.forget();
  }
  void read_answers(Eventbus& bus) {
    const ssize_t got = ::recv(bus.socket.fd(), bus.bytes.data() + bus.end,
                               bus.bytes.size() - bus.end, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) throw std::runtime_error("the eventbus is gone");
    bus.end += static_cast<std::size_t>(got);
    std::size_t begin = 0;
    while (begin < bus.end) {
      const std::string_view bytes(bus.bytes.data() + begin, bus.end - begin);
      const auto size = message_size(bytes);
      if (!size || size->head + size->body > bytes.size()) break;
      if (bus.in_flight.empty()) throw std::runtime_error("an answer without a request");
      Post& post = *bus.in_flight.front();
      bus.in_flight.pop_front();
      if (!bytes.starts_with("HTTP/1.1 2")) post.answer = kFailed;
      if (--post.open == 0) owe(*post.client);
      begin += size->head + size->body;
    }
    std::memmove(bus.bytes.data(), bus.bytes.data() + begin, bus.end - begin);
    bus.end -= begin;
  }
  void answer(Client& client) {
    client.owed = false;
    answers_.clear();
    while (!client.posts.empty() && client.posts.front().open == 0) {
      answers_ += client.posts.front().answer;
      client.posts.pop_front();
    }
    if (client.fd >= 0 && !answers_.empty()) {
      // So few bytes fit into the buffer of the socket unless the client never reads.
      static_cast<void>(::send(client.fd, answers_.data(), answers_.size(), MSG_NOSIGNAL));
    }
    if (client.fd < 0 && client.posts.empty()) delete &client;
  }
  void owe(Client& client) {
    if (!client.owed) ready_.push_back(&client);
    client.owed = true;
  }

  EventHeads heads_;
  simdjson::ondemand::parser parser_;
  test::Socket epoll_;
  test::Socket listener_;
  std::vector<std::unique_ptr<Eventbus>> buses_;
  std::size_t turn_ = 0;
  std::vector<iovec> staged_;  // head, record, head, record, ... for the bus of this turn
  std::vector<Client*> ready_;
  std::string answers_;  // for one client
};

}  // namespace
}  // namespace gateway::floor

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  std::uint16_t eventbus_port = 0;
  CLI::App app("A bare gateway: what the measured ones cannot go below");
  app.add_option("--port", port, "Listen on 127.0.0.1 at this port")->required();
  app.add_option("--eventbus", eventbus_port, "The eventbus' port of 127.0.0.1")->required();
  CLI11_PARSE(app, argc, argv);
  return gateway::test::guarded(
      "bare-gateway", [&]() -> int { gateway::floor::BareGateway(port, eventbus_port).run(); });
}
