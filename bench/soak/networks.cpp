#include "soak/scenarios.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "soak/private_network.hpp"
#include "soak/scene.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// No post may wait longer in such networks.
constexpr seconds kLongestSilence{3};
constexpr double kPostsPerSecond = 200;

// With the gateway's own choice of connections, depth and waits.
Scene::Place place(std::string host, std::string listen) {
  Scene::Place place;
  place.host = std::move(host);
  place.listen = std::move(listen);
  place.delivery = "delivery: {}\n";
  return place;
}

Outcome finish(Scene& scene, const Options& options) {
  const auto silence = std::chrono::duration<double>(scene.loader().longest_silence());
  scene.outcome().number("longest_time_without_an_acknowledgement", silence.count());
  if (silence > kLongestSilence && !options.brief) {
    scene.outcome().problem("nothing was acknowledged for more than 3 s");
  }
  return scene.finish();
}

}  // namespace

Outcome addresses(const Options& options) {
  const PrivateNetwork network;
  std::vector<std::string> all{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"};
  network.name("eventbus.soak", all);
  auto several = place("eventbus.soak", "0.0.0.0");
  several.probed = true;  // addresses that failed are
  Scene scene("addresses", options, "healthy", several);
  auto load = scene.load();
  load.rate = kPostsPerSecond;
  scene.begin_load(load);
  unsigned changes = 0;
  for (const auto end = steady_clock::now() + options.time; steady_clock::now() < end; ++changes) {
    std::ranges::shuffle(all, scene.random());
    const std::size_t silent = scene.random()() % all.size();
    network.silence({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(silent)});
    scene.watch(milliseconds(500 + scene.random()() % 3000));
  }
  network.silence({});
  scene.outcome().number("changes", changes);
  return finish(scene, options);
}

Outcome forgotten(const Options& options) {
  const PrivateNetwork network;
  Scene scene("forgotten", options, "healthy", place("127.0.0.1", "127.0.0.1"));
  auto load = scene.load();
  load.rate = kPostsPerSecond;
  scene.begin_load(load);
  std::size_t connections = 0;
  for (const auto end = steady_clock::now() + options.time; steady_clock::now() < end;) {
    scene.watch(milliseconds(1000 + scene.random()() % 3000));
    connections += network.forget(scene.bus().port());
  }
  scene.watch(kLongestSilence);
  scene.outcome().number("connections_forgotten", static_cast<double>(connections));
  if (connections == 0) scene.outcome().problem("no connection was there to be forgotten");
  return finish(scene, options);
}

}  // namespace gateway::soak
