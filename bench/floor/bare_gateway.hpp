#pragma once
#include <simdjson.h>
#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "floor/event_heads.hpp"
#include "testkit/socket.hpp"

namespace gateway::floor {

struct Settings {
  std::uint16_t port = 0;           // to listen on, of 127.0.0.1
  std::uint16_t eventbus_port = 0;  // of 127.0.0.1
  std::string target = "/gateway/bench";
  unsigned connections = 2;  // to the eventbus
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
  // Connects and listens. Throws std::system_error.
  explicit BareGateway(Settings settings);
  ~BareGateway();
  BareGateway(const BareGateway&) = delete;
  BareGateway& operator=(const BareGateway&) = delete;

  // Runs until a signal ends the process. Throws std::runtime_error when the eventbus closes.
  [[noreturn]] void run();

 private:
  struct Client;
  struct Post;
  struct Eventbus;

  void accept_all();
  void read_client(Client& client);
  void take_post(Client& client, char* body, std::size_t size);
  void stage(Post& post, std::string_view record);
  void send_staged();
  void read_answers(Eventbus& bus);
  void answer(Client& client);
  void owe(Client& client);

  EventHeads heads_;
  simdjson::ondemand::parser parser_;
  test::Socket epoll_;
  test::Socket listener_;
  std::vector<std::unique_ptr<Eventbus>> buses_;
  std::size_t turn_ = 0;
  std::vector<iovec> staged_;  // head, record, head, record, ... for the bus of this turn
  std::vector<Client*> ready_;
};

}  // namespace gateway::floor
