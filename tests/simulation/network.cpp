#include "simulation/network.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gateway::simulation {

// A listening socket: a bounded line of connections that wait to be accepted.
class Network::Listener final : public File {
 public:
  static constexpr std::size_t kBacklog = 64;

  explicit Listener(Address at) : at(at) {}
  [[nodiscard]] std::uint32_t ready() const override { return waiting.empty() ? 0 : EPOLLIN; }
  void add(std::shared_ptr<Stream> stream) {
    waiting.push_back(std::move(stream));
    changed();
  }

  const Address at;
  std::deque<std::shared_ptr<Stream>> waiting;
};

class Network::TimerFile final : public File {
 public:
  [[nodiscard]] std::uint32_t ready() const override { return fired ? EPOLLIN : 0; }
  void fire() {
    fired = true;
    changed();
  }

  std::optional<Instant> due;
  bool fired = false;
};

Network::Network(Schedule& schedule) : schedule_(schedule) {
  current_ = this;
}

Network::~Network() {
  // What is closed from here on is not in any table any more.
  files_.clear();
  current_ = nullptr;
}

int Network::add(std::shared_ptr<File> file) {
  files_.emplace(next_, std::move(file));
  return next_++;
}

template <class Kind>
Kind* Network::find(int descriptor) {
  const auto found = files_.find(descriptor);
  return found == files_.end() ? nullptr : dynamic_cast<Kind*>(found->second.get());
}

int Network::make_poll_set() {
  return add(std::make_shared<PollSet>());
}
int Network::make_wakeup() {
  return add(std::make_shared<Wakeup>());
}
int Network::make_timer() {
  auto timer = std::make_shared<TimerFile>();
  timers_.push_back(timer.get());
  return add(std::move(timer));
}

std::shared_ptr<Stream> Network::new_stream() {
  return std::make_shared<Stream>(
      [this](std::chrono::milliseconds delay, std::function<void()> happens) {
        schedule_.after(delay, std::move(happens));
      });
}
int Network::make_socket() {
  return add(new_stream());
}

int Network::close(int descriptor) {
  const auto found = files_.find(descriptor);
  if (found == files_.end()) return -EBADF;
  const std::shared_ptr<File> file = std::move(found->second);
  files_.erase(found);
  bound_.erase(descriptor);
  if (auto* const stream = dynamic_cast<Stream*>(file.get())) {
    stream->close();
    stream->leave_sets();
    std::erase_if(closed_, [](const auto& one) { return one->over(); });
    if (!stream->over()) closed_.push_back(std::static_pointer_cast<Stream>(file));
  } else if (auto* const listener = dynamic_cast<Listener*>(file.get())) {
    listeners_.erase(listener->at);
    for (const auto& waiting : listener->waiting) {
      waiting->resets_at_close = true;
      waiting->close();
    }
  } else if (auto* const timer = dynamic_cast<TimerFile*>(file.get())) {
    std::erase(timers_, timer);
  }
  return 0;
}

int Network::control(int set, int operation, int descriptor, const epoll_event* event) {
  auto* const poll_set = find<PollSet>(set);
  File* const file = find<File>(descriptor);
  if (poll_set == nullptr || file == nullptr) return -EBADF;
  return -poll_set->control(operation, descriptor, *file, event);
}

int Network::wait(int set, epoll_event* into, int most) {
  auto* const poll_set = find<PollSet>(set);
  return poll_set == nullptr ? -EBADF : poll_set->wait(into, most);
}

void Network::set_timer(int descriptor, std::optional<Instant> at) {
  auto* const timer = find<TimerFile>(descriptor);
  timer->due = at;
  timer->fired = false;
  if (at && *at <= schedule_.now()) timer->fire();
}

Instant Network::next_timer() const {
  Instant next = Instant::max();
  for (const TimerFile* const timer : timers_) {
    if (timer->due && !timer->fired) next = std::min(next, *timer->due);
  }
  return next;
}

void Network::run_timers() {
  for (TimerFile* const timer : timers_) {
    if (timer->due && !timer->fired && *timer->due <= schedule_.now()) timer->fire();
  }
}

int Network::bind(int descriptor, Address at) {
  if (stream(descriptor) == nullptr) return -EBADF;
  if (at.port == 0) at.port = next_port_++;
  bound_[descriptor] = at;
  return 0;
}

int Network::listen(int descriptor) {
  const auto at = bound_.find(descriptor);
  if (at == bound_.end()) return -EINVAL;
  if (listeners_.contains(at->second)) return -EADDRINUSE;
  auto listener = std::make_shared<Listener>(at->second);
  listeners_[at->second] = listener.get();
  std::shared_ptr<File>& file = files_[descriptor];
  listener->take_place_of(*file);
  file = std::move(listener);
  return 0;
}

int Network::accept(int descriptor, Address& peer) {
  auto* const listener = find<Listener>(descriptor);
  if (listener == nullptr) return -EINVAL;
  if (listener->waiting.empty()) return -EAGAIN;
  std::shared_ptr<Stream> stream = std::move(listener->waiting.front());
  listener->waiting.pop_front();
  peer = stream->remote;
  return add(std::move(stream));
}

int Network::connect(int descriptor, Address to) {
  const auto file = files_.find(descriptor);
  const auto from =
      file == files_.end() ? nullptr : std::dynamic_pointer_cast<Stream>(file->second);
  if (!from || !from->fresh()) return -EBADF;
  from->begin_connecting();
  from->local = {0x7F000001, next_port_++};
  from->remote = to;
  if (!silent_.contains(to.host)) {
    schedule_.after(std::chrono::milliseconds(0),
                    [this, stream = std::weak_ptr(from), to] { arrive(stream, to); });
  }
  return -EINPROGRESS;
}

void Network::arrive(const std::weak_ptr<Stream>& connecting, Address to) {
  const auto from = connecting.lock();
  if (!from || from->ready() != 0) return;  // it was closed meanwhile
  const auto listener = listeners_.find(to);
  if (listener == listeners_.end() || listener->second->waiting.size() >= Listener::kBacklog) {
    from->fail(ECONNREFUSED);
    return;
  }
  auto accepted = new_stream();
  accepted->local = to;
  accepted->remote = from->local;
  Stream::join(*from, *accepted, std::make_shared<Way>(make_way_(to)));
  listener->second->add(std::move(accepted));
}

void Network::silence(std::uint32_t host, bool silent) {
  if (silent) {
    silent_.insert(host);
  } else {
    silent_.erase(host);
  }
  if (silent) forget_if([host](Address to) { return to.host == host; });
}

void Network::forget_if(const std::function<bool(Address to)>& chosen) {
  for (const auto& [descriptor, file] : files_) {
    auto* const stream = dynamic_cast<Stream*>(file.get());
    if (stream == nullptr || stream->way() == nullptr) continue;
    if (chosen(stream->remote)) stream->way()->forgets = true;
  }
}

Address Network::name_of(int descriptor, bool peer) {
  if (auto* const listener = find<Listener>(descriptor)) return listener->at;
  const auto at = bound_.find(descriptor);
  if (at != bound_.end() && !peer) return at->second;
  auto* const of = stream(descriptor);
  if (of == nullptr) return {};
  return peer ? of->remote : of->local;
}

ssize_t Network::receive(int descriptor, std::span<char> into, int flags) {
  if (auto* const of = stream(descriptor)) return of->receive(into, flags);
  auto* const wakeup = find<Wakeup>(descriptor);
  if (wakeup == nullptr) return find<TimerFile>(descriptor) == nullptr ? -EBADF : -EAGAIN;
  const std::uint64_t count = wakeup->take();
  if (count == 0 || into.size() < sizeof count) return -EAGAIN;
  std::ranges::copy(std::as_bytes(std::span(&count, 1)), std::as_writable_bytes(into).begin());
  return sizeof count;
}

ssize_t Network::send(int descriptor, std::string_view bytes) {
  if (auto* const of = stream(descriptor)) return of->send(bytes, schedule_.now());
  auto* const wakeup = find<Wakeup>(descriptor);
  if (wakeup == nullptr) return -EBADF;
  wakeup->add(1);
  return static_cast<ssize_t>(bytes.size());
}

int Network::shut_down(int descriptor) {
  auto* const of = stream(descriptor);
  if (of == nullptr) return -ENOTCONN;
  of->shut_down();
  return 0;
}

int Network::unread(int descriptor) {
  const auto* const of = stream(descriptor);
  return of == nullptr ? 0 : static_cast<int>(of->unread());
}

Stream* Network::stream(int descriptor) {
  return find<Stream>(descriptor);
}

}  // namespace gateway::simulation
