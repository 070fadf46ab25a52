#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <string>

namespace gateway::demo {

struct PosterSettings {
  boost::asio::ip::tcp::endpoint gateway;
  std::string host = "cos-gateway-demo";
  std::string target = "/";
  unsigned connections = 8;
  double rate = 50;             // posts per second, over all connections
  std::uint64_t max_posts = 0;  // 0: no limit
  std::chrono::steady_clock::duration duration = std::chrono::seconds(10);
  std::chrono::steady_clock::duration timeout = std::chrono::seconds(30);  // for one answer
  // How often the same payload is posted before it is given up, if it is not answered 200, and how
  // long after a failure its connection waits.
  unsigned attempts = 1;
  std::chrono::steady_clock::duration pause{};
};

// How one attempt of a post ended.
class PostResult {
 public:
  PostResult() = default;

  std::uint64_t number = 0;  // of the post, counted from 0
  unsigned status = 0;       // 0: no answer
  std::string text;          // the answer's body, or why there is none
  std::chrono::steady_clock::duration latency{};
};

// Plays the relay function: posts payloads over a few keep-alive connections. Post n is due n/rate
// seconds after the start; when all connections are busy it leaves late rather than not at all.
// Everything happens on the thread that runs `context`. Must outlive run().
class Poster {
 public:
  // Fills `body` with the payload of post `number`; called just before it is sent.
  using Prepare = std::function<void(std::uint64_t number, std::string& body)>;
  using Report = std::function<void(const PostResult&)>;

  Poster(boost::asio::io_context& context, PosterSettings settings, Prepare prepare, Report report);
  ~Poster();
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;

  // Until the duration is over, all posts are made or stop() is called, and every attempt made has
  // been reported.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // Makes no more posts and attempts; those under way are finished.
  void stop();

 private:
  class Connection;

  [[nodiscard]] boost::asio::awaitable<void> post_loop(Connection& connection);
  [[nodiscard]] boost::asio::awaitable<PostResult> attempt(Connection& connection,
                                                           std::uint64_t number);

  boost::asio::io_context& context_;
  PosterSettings settings_;
  Prepare prepare_;
  Report report_;
  std::chrono::steady_clock::time_point start_;
  std::uint64_t next_ = 0;
  bool stopped_ = false;
  unsigned running_ = 0;
  boost::asio::steady_timer finished_;
  std::list<Connection> connections_;
};

}  // namespace gateway::demo
