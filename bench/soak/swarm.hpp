#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/histogram.hpp"
#include "testkit/http_text.hpp"
#include "testkit/loop_thread.hpp"
#include "testkit/stream.hpp"

namespace gateway::soak {

// How a client misbehaves.
enum class Habit : std::uint8_t {
  post,    // posts at a given rate, on whichever connection is free; no harm but in numbers
  hold,    // posts once, reads the answer and stays
  drip,    // sends its post a byte at a time
  silent,  // connects and says nothing
  deaf,    // posts once and never reads
  flood,   // posts without end and never reads
  reset    // posts or half posts, and cuts the connection with RST; again and again
};

// Runs many clients that misbehave in one way, in a thread of their own ("attack").
class Swarm final : private test::Driven {
 public:
  struct Settings {
    std::uint16_t port = 0;  // of the gateway, on 127.0.0.1
    Habit habit = Habit::post;
    unsigned connections = 100;
    double connect_rate = 0;  // connections a second; 0: as fast as can be
    std::string post = {};    // what is sent; what dripping begins after its `drip_from`
    std::size_t drip_from = 0;
    double rate = 0;  // posts a second, of `post` and `reset`
  };
  // Starts the clients. Throws std::system_error if there are too few descriptors.
  explicit Swarm(const Settings& settings)
      : settings_(settings), gateway_(test::address_of("127.0.0.1", settings.port)) {
    loop_.call([this] {
      for (std::uint32_t i = 0; i < settings_.connections; ++i)
        clients_.push_back(std::make_unique<Client>(*this, i));
      last_ = std::chrono::steady_clock::now();
      loop_.drive(*this);
    });
  }

  // Closes all connections. Throws the error that ended the thread early, if any.
  void stop() {
    loop_.stop();
    for (const auto& client : clients_) close(*client, false);
  }

  // What has been counted so far. For any thread.
  using Count = std::atomic<std::uint64_t>;
  struct Counts {
    Count opened{0};     // connections
    Count offered{0};    // posts begun
    Count bytes{0};      // sent
    Count good{0};       // answers of 2xx
    Count refused{0};    // answers of 503
    Count timed_out{0};  // answers of 408
    Count other{0};
    Count ended{0};             // connections that the gateway closed
    Count ended_unanswered{0};  // those of them that had received no answer
  };
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
  // Returns a quantile of the time from the last byte of a post to its complete 503 answer; 0
  // without any. To be called after stop().
  [[nodiscard]] double refusal_ms(double quantile) const {
    return std::chrono::duration<double, std::milli>(refusals_.quantile(quantile)).count();
  }

 private:
  class Client final : public test::Pollable {
   public:
    Client(Swarm& swarm, std::uint32_t number) : swarm_(swarm), number_(number) {}
    void ready(std::uint32_t events) override {
      if (stream.state() == test::Stream::State::closed) return;  // since, in the same turn
      if (!connected) {
        if (!stream.step()) {
          swarm_.end(*this);
          return;
        }
        if (stream.state() != test::Stream::State::open) return;
        swarm_.on_connected(*this);
        if (stream.state() == test::Stream::State::closed) return;
      }
      const bool goes_on = swarm_.reads() ? (events & EPOLLIN) == 0 || swarm_.read(*this)
                                          : (events & EPOLLRDHUP) == 0;
      if (!goes_on || (events & (EPOLLERR | EPOLLHUP)) != 0) {
        swarm_.end(*this);
      } else if (busy && (events & EPOLLOUT) != 0) {
        swarm_.write(*this, swarm_.settings_.post.size());
      }
    }
    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }

    test::Stream stream;
    test::MessageReader reader{test::Grammar::lenient};
    std::string in;
    std::size_t sent = 0;  // of the post under way
    TimePoint due;
    TimePoint asked;
    bool connected = false;
    bool busy = false;  // a post is under way
    bool answered = false;

   private:
    Swarm& swarm_;
    std::uint32_t number_;
  };

  // The receive buffer of a client that never reads: small, so that the gateway soon cannot send
  // its answers.
  static constexpr int kDeafBuffer = 4096;
  static constexpr std::uint32_t kSources = 8;  // addresses they come from: 127.0.0.2 and so on
  static constexpr std::chrono::milliseconds kDripPause{1000};  // between two bytes
  static constexpr std::chrono::milliseconds kTick{1};
  // The connections that are opened in one turn without a given rate.
  static constexpr double kAtOnce = 200;

  TimePoint next_due(TimePoint now) override { return now + kTick; }
  // Does what is due at `now`.
  void advance(TimePoint now) override {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    may_open_ = settings_.connect_rate > 0 ? std::min(may_open_ + settings_.connect_rate * seconds,
                                                      settings_.connect_rate / 10)
                                           : kAtOnce;
    for (; may_open_ >= 1 && next_to_open_ < clients_.size(); may_open_ -= 1) {
      open(*clients_[next_to_open_++]);
    }
    // Posts that could not be sent in time are not made up for later.
    may_post_ = std::min(may_post_ + settings_.rate * seconds, settings_.rate / 20 + 1);
    for (; may_post_ >= 1 && !free_.empty(); may_post_ -= 1) {
      Client& client = *free_.back();
      free_.pop_back();
      if (settings_.habit == Habit::reset) {
        open(client);
        continue;
      }
      client.busy = true;
      ++counts_.offered;
      write(client, settings_.post.size());
    }
    if (settings_.habit != Habit::drip) return;
    for (const auto& client : clients_) {
      if (!client->connected || client->due > now) continue;
      client->due = now + kDripPause;
      write(*client, client->sent + 1);
    }
  }
  void open(Client& client) {
    client.in.clear();
    client.reader = test::MessageReader(test::Grammar::lenient);
    client.sent = 0;
    client.connected = client.busy = client.answered = false;
    in_addr source{};
    source.s_addr = htonl(INADDR_LOOPBACK + 1 + client.number() % kSources);
    if (!client.stream.connect(gateway_, source, nullptr, reads() ? 0 : kDeafBuffer)) {
      throw std::runtime_error("an attacker cannot connect (ulimit -n?)");
    }
    loop_.poller().add(client.stream.fd(), client);
  }
  void on_connected(Client& client) {
    client.connected = true;
    ++counts_.opened;
    switch (settings_.habit) {
      case Habit::post: free_.push_back(&client); break;
      case Habit::silent: break;
      case Habit::drip:
        // The clients are spread over the pause.
        client.due = std::chrono::steady_clock::now() +
                     kDripPause * static_cast<int>(counts_.opened % 100) / 100;
        write(client, settings_.drip_from);
        break;
      case Habit::reset:
        ++counts_.offered;
        // Every other one is half a post.
        write(client, settings_.post.size() / (counts_.offered % 2 == 0 ? 2 : 1));
        close(client, true);
        free_.push_back(&client);
        break;
      case Habit::hold:
      case Habit::deaf:
      case Habit::flood:
        client.busy = true;
        ++counts_.offered;
        write(client, settings_.post.size());
        break;
    }
  }
  void write(Client& client, std::size_t most) {
    const std::string_view post = settings_.post;
    most = std::min(most, post.size());
    while (client.sent < most) {
      const iovec part{const_cast<char*>(post.data()) + client.sent, most - client.sent};
      const std::size_t size = client.stream.write({&part, 1}).size;
      if (size == 0) return;  // full, or an event is about to say why
      counts_.bytes += size;
      client.sent += size;
      if (settings_.habit == Habit::flood && client.sent == post.size()) {
        client.sent = 0;
        ++counts_.offered;
      }
    }
    if (client.busy && client.sent == post.size()) {
      client.busy = false;
      client.sent = 0;
      client.asked = std::chrono::steady_clock::now();
    }
  }
  // Returns false if the gateway has closed the connection.
  [[nodiscard]] bool read(Client& client) {
    std::array<char, 4096> part{};
    for (;;) {
      const test::Stream::Transfer transfer = client.stream.read(part);
      if (transfer.ended) return false;
      if (transfer.size == 0) return true;
      client.in.append(part.data(), transfer.size);
      const std::size_t size = client.reader.take_response(client.in, false);
      if (size == 0) continue;
      const unsigned status = client.reader.message().status;
      client.in.erase(0, size);
      take_answer(client, status);
    }
  }
  void take_answer(Client& client, unsigned status) {
    client.answered = true;
    if (status / 100 == 2) {
      ++counts_.good;
    } else if (status == 503) {
      ++counts_.refused;
      refusals_.add(std::chrono::steady_clock::now() - client.asked);
    } else if (status == 408) {
      ++counts_.timed_out;
    } else {
      ++counts_.other;
    }
    if (settings_.habit == Habit::post) free_.push_back(&client);
  }
  void end(Client& client) {
    if (client.connected) {
      ++counts_.ended;
      if (!client.answered) ++counts_.ended_unanswered;
    }
    close(client, false);
    if (settings_.habit == Habit::post) {
      std::erase(free_, &client);
      open(client);
    } else if (settings_.habit == Habit::reset) {
      free_.push_back(&client);
    }
  }
  void close(Client& client, bool with_reset) {
    if (client.stream.fd() < 0) return;
    if (with_reset) {
      const linger now{1, 0};
      ::setsockopt(client.stream.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    client.stream.close();
    client.connected = false;
  }
  [[nodiscard]] bool reads() const noexcept {
    return settings_.habit != Habit::deaf && settings_.habit != Habit::flood;
  }

  const Settings settings_;
  const test::Address gateway_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> free_;
  std::size_t next_to_open_ = 0;
  TimePoint last_;
  double may_open_ = 0;
  double may_post_ = 0;
  test::Histogram refusals_;
  Counts counts_;
  test::LoopThread loop_{"attack"};
};

}  // namespace gateway::soak
