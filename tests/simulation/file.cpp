#include "simulation/file.hpp"

#include <cerrno>
#include <utility>

namespace gateway::simulation {

File::~File() {
  leave_sets();
}

void File::leave_sets() {
  for (const Watch& watch : watches_) {
    watch.set->items_.erase(watch.descriptor);
    std::erase(watch.set->listed_, watch.descriptor);
  }
  watches_.clear();
}

void File::take_place_of(File& other) {
  watches_ = std::exchange(other.watches_, {});
  for (const Watch& watch : watches_) watch.set->items_.at(watch.descriptor).file = this;
}

void File::changed() {
  for (const Watch& watch : watches_) watch.set->list(watch.descriptor);
}

PollSet::~PollSet() {
  while (!items_.empty()) forget(items_.begin()->first);
}

void PollSet::forget(int descriptor) {
  const auto item = items_.find(descriptor);
  std::erase_if(item->second.file->watches_, [&](const Watch& watch) { return watch.set == this; });
  items_.erase(item);
  std::erase(listed_, descriptor);
}

int PollSet::control(int operation, int descriptor, File& file, const epoll_event* event) {
  const bool there = items_.contains(descriptor);
  if (operation == EPOLL_CTL_DEL) {
    if (!there) return ENOENT;
    forget(descriptor);
    return 0;
  }
  if (there != (operation == EPOLL_CTL_MOD)) return there ? EEXIST : ENOENT;
  Item& item = items_[descriptor];
  if (!there) {
    item.file = &file;
    file.watches_.push_back({this, descriptor});
  }
  item.wanted = *event;
  if (facts(item) != 0) list(descriptor);
  return 0;
}

std::uint32_t PollSet::facts(const Item& item) {
  return item.file->ready() & (item.wanted.events | EPOLLERR | EPOLLHUP);
}

void PollSet::list(int descriptor) {
  Item& item = items_.at(descriptor);
  if (!std::exchange(item.listed, true)) listed_.push_back(descriptor);
  changed();
}

int PollSet::wait(epoll_event* into, int most) {
  int found = 0;
  for (const int descriptor : std::exchange(listed_, {})) {
    Item& item = items_.at(descriptor);
    if (found == most) {
      listed_.push_back(descriptor);
      continue;
    }
    item.listed = false;
    const std::uint32_t events = facts(item);
    if (events == 0) continue;
    into[found] = item.wanted;
    into[found].events = events;
    ++found;
    if ((item.wanted.events & EPOLLET) != 0) continue;
    item.listed = true;
    listed_.push_back(descriptor);
  }
  return found;
}

std::uint32_t PollSet::ready() const {
  for (const int descriptor : listed_) {
    if (facts(items_.at(descriptor)) != 0) return EPOLLIN;
  }
  return 0;
}

}  // namespace gateway::simulation
