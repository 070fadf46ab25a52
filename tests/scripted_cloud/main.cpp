// The scripted cloud as a program, for tests in other languages and for trying things by hand.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>

#include "runtime/asio.hpp"
#include "support/scripted_cloud.hpp"
#include "testkit/guarded.hpp"

namespace {

// Until SIGINT or SIGTERM; also until the end of standard input where that is a pipe or a socket,
// so that the program goes with whoever started it.
void wait_for_end() {
  gateway::asio::io_context context{1};
  gateway::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](const auto&, int) { context.stop(); });
  struct stat input{};
  gateway::asio::posix::stream_descriptor pipe(context);
  std::array<char, 256> bytes{};
  const std::function<void()> read = [&] {
    pipe.async_read_some(gateway::asio::buffer(bytes), [&](const auto& error, std::size_t) {
      if (error) return context.stop();
      read();
    });
  };
  if (::fstat(STDIN_FILENO, &input) == 0 && (S_ISFIFO(input.st_mode) || S_ISSOCK(input.st_mode))) {
    pipe.assign(::dup(STDIN_FILENO));
    read();
  }
  context.run();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Plays scf.tencentcloudapi.com on a loopback port.", "scripted-cloud");
  std::uint16_t port = 0;
  gateway::test::CloudKey key{std::string(gateway::test::ScriptedCloud::kSecretId),
                              std::string(gateway::test::ScriptedCloud::kSecretKey),
                              {},
                              {}};
  gateway::test::CloudLimits limits;
  app.add_option("--port", port, "0: a free one");
  app.add_option("--secret-id", key.secret_id, "of the key pair it knows")->capture_default_str();
  app.add_option("--secret-key", key.secret_key)->capture_default_str();
  app.add_option("--token", key.token, "makes the pair a temporary one");
  app.add_option("--creating-reads", limits.creating_reads, "reads that still see Creating");
  app.add_option("--updating-reads", limits.updating_reads, "reads that still see Updating");
  app.add_option("--deleting-reads", limits.deleting_reads, "reads that still see Deleting");
  app.add_option("--stale-lists", limits.stale_lists, "lists that do not show a change yet");
  CLI11_PARSE(app, argc, argv);
  return gateway::test::guarded("scripted-cloud", [&] {
    gateway::test::ScriptedCloud cloud(limits, port);
    cloud.forget_keys();
    cloud.add_key(key);
    std::cout << "listening on 127.0.0.1:" << cloud.port() << '\n' << std::flush;
    wait_for_end();
    return 0;
  });
}
