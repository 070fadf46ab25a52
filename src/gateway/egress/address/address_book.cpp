#include "gateway/egress/address/address_book.hpp"

#include <algorithm>
#include <utility>

#include "runtime/host_port.hpp"

namespace gateway::egress {
namespace {

constexpr std::chrono::milliseconds kLeastWait{100};

config::Retry no_longer_than(config::Retry retry, std::chrono::milliseconds most) noexcept {
  retry.max = std::min(retry.max, most);
  return retry;
}

// Returns the addresses with the families taking turns, beginning with the family of the first.
// Within a family the order stays.
std::vector<tcp::endpoint> interleaved(const std::vector<tcp::endpoint>& addresses) {
  std::vector<tcp::endpoint> first;
  std::vector<tcp::endpoint> second;
  for (const tcp::endpoint& address : addresses) {
    const bool alike = address.protocol() == addresses.front().protocol();
    (alike ? first : second).push_back(address);
  }
  std::vector<tcp::endpoint> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

}  // namespace

std::string text_of(const tcp::endpoint& address) {
  return host_port_text(address.address().to_string(), address.port());
}

AddressBook::AddressBook(const config::Retry& retry, std::uint64_t seed)
    : backoff_(no_longer_than(retry, kMostWait), seed),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {}

void AddressBook::found(const std::vector<tcp::endpoint>& addresses) {
  std::vector<Entry> entries;
  entries.reserve(addresses.size() + entries_.size());
  for (const tcp::endpoint& address : interleaved(addresses)) {
    const bool twice =
        std::ranges::any_of(entries, [&](const Entry& entry) { return entry.address == address; });
    if (twice) continue;
    const Entry* const known = find(address);
    entries.push_back(known != nullptr ? *known : Entry{});
    entries.back().address = address;
    entries.back().current = true;
  }
  for (Entry& entry : entries_) {
    const bool again = std::ranges::any_of(
        entries, [&](const Entry& one) { return one.address == entry.address; });
    if (again) continue;
    entry.current = false;
    entries.push_back(entry);
  }
  entries_ = std::move(entries);
  forget_gone();
}

// Removes the addresses that the last look-up did not find and that no connection uses.
void AddressBook::forget_gone() {
  std::erase_if(entries_,
                [](const Entry& entry) { return !entry.current && entry.connections == 0; });
}

std::vector<tcp::endpoint> AddressBook::order(Instant now) {
  std::vector<const Entry*> candidates;
  const auto collect = [&](auto wanted) {
    for (const Entry& entry : entries_) {
      if (wanted(entry)) candidates.push_back(&entry);
    }
  };
  collect([](const Entry& entry) { return entry.usable(); });
  if (candidates.empty()) {
    collect([](const Entry& entry) { return entry.current; });
    std::ranges::sort(candidates, {}, [now](const Entry* entry) {
      return std::pair(std::max(entry->retry_at, now), entry);
    });
  } else {
    // Every shard of every process begins at another address.
    const auto size = static_cast<std::ptrdiff_t>(entries_.size());
    const auto first = static_cast<std::ptrdiff_t>(random_() % entries_.size());
    std::ranges::sort(candidates, {}, [&](const Entry* entry) {
      return std::pair(entry->connections, (entry - entries_.data() - first + size) % size);
    });
  }
  std::vector<tcp::endpoint> order;
  order.reserve(candidates.size());
  for (const Entry* entry : candidates) order.push_back(entry->address);
  return interleaved(order);
}

void AddressBook::opened(const tcp::endpoint& address) {
  Entry* entry = find(address);
  if (entry == nullptr) {
    // A look-up that has ended since it was dialled has not found it again.
    entry = &entries_.emplace_back();
    entry->address = address;
    entry->current = false;
  }
  ++entry->connections;
}

void AddressBook::closed(const tcp::endpoint& address) {
  Entry* const entry = find(address);
  // Where memory was refused, an end may be told twice.
  if (entry != nullptr && entry->connections != 0) --entry->connections;
  forget_gone();
}

void AddressBook::failed(const tcp::endpoint& address, Instant now) {
  Entry* const entry = find(address);
  if (entry == nullptr) return;
  entry->probed = false;
  entry->failing = true;
  ++entry->failures;
  const auto wait = backoff_.next(entry->failures, std::nullopt);
  entry->retry_at = now + std::max(wait, kLeastWait);
}

void AddressBook::recovered(const tcp::endpoint& address) noexcept {
  Entry* const entry = find(address);
  if (entry == nullptr) return;
  entry->probed = false;
  entry->failing = false;
}

void AddressBook::answered(const tcp::endpoint& address) noexcept {
  Entry* const entry = find(address);
  if (entry == nullptr) return;
  entry->failing = false;
  entry->failures = 0;
}

bool AddressBook::has_other(const tcp::endpoint& address) const noexcept {
  return std::ranges::any_of(
      entries_, [&](const Entry& entry) { return entry.usable() && entry.address != address; });
}

bool AddressBook::misplaced(const tcp::endpoint& address) const noexcept {
  const Entry* const own = find(address);
  if (own == nullptr) return has_other(address);
  return std::ranges::any_of(entries_, [own](const Entry& entry) {
    return &entry != own && entry.usable() &&
           (!own->current || own->connections >= entry.connections + 2);
  });
}

std::optional<tcp::endpoint> AddressBook::probe(Instant now) {
  for (Entry& entry : entries_) {
    if (!entry.awaits_probe() || now < entry.retry_at) continue;
    entry.probed = true;
    return entry.address;
  }
  return std::nullopt;
}

Instant AddressBook::next_probe() const noexcept {
  Instant next = Instant::max();
  for (const Entry& entry : entries_) {
    if (entry.awaits_probe()) next = std::min(next, entry.retry_at);
  }
  return next;
}

std::size_t AddressBook::healthy() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(entries_, &Entry::usable));
}

bool AddressBook::is_healthy(const tcp::endpoint& address) const noexcept {
  const Entry* const entry = find(address);
  return entry != nullptr && entry->usable();
}

AddressBook::Entry* AddressBook::find(const tcp::endpoint& address) noexcept {
  const auto found = std::ranges::find(entries_, address, &Entry::address);
  return found == entries_.end() ? nullptr : &*found;
}

const AddressBook::Entry* AddressBook::find(const tcp::endpoint& address) const noexcept {
  const auto found = std::ranges::find(entries_, address, &Entry::address);
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace gateway::egress
