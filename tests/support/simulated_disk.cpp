#include "support/simulated_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <utility>

namespace gateway::test {
namespace {

using boost::system::error_code;
using egress::File;
using egress::FileStatus;
using egress::IoResult;

constexpr std::uint64_t kBlock = 4096;
constexpr std::size_t kSector = 512;

error_code error_of(int number) {
  return {number, boost::system::system_category()};
}

bool changes_something(SimulatedDisk::Call call) {
  using Call = SimulatedDisk::Call;
  return call == Call::remove || call == Call::rename || call == Call::sync_folder ||
         call == Call::write || call == Call::sync || call == Call::truncate || call == Call::punch;
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

}  // namespace

struct SimulatedDisk::Node {
  // A write, or the file's new size where there are no bytes.
  struct Change {
    std::uint64_t offset = 0;
    std::optional<std::string> bytes;
    bool punches = false;  // the bytes are zeros and take no space
  };
  static void apply(const Change& change, std::string& content) {
    if (!change.bytes) {
      content.resize(change.offset);
      return;
    }
    content.resize(std::max<std::size_t>(content.size(), change.offset + change.bytes->size()));
    content.replace(change.offset, change.bytes->size(), *change.bytes);
  }
  void change(const Change& change) {
    apply(change, content);
    if (change.bytes && !change.bytes->empty() && !change.punches) {
      holes.erase(holes.lower_bound(change.offset / kBlock),
                  holes.upper_bound((change.offset + change.bytes->size() - 1) / kBlock));
    }
  }
  // Takes over those of another node that are still empty here.
  void take_holes(const Node& other) {
    for (const std::uint64_t block : other.holes) {
      const std::string_view bytes = std::string_view(content).substr(
          std::min<std::size_t>(block * kBlock, content.size()), kBlock);
      if (bytes.find_first_not_of('\0') == std::string_view::npos) holes.insert(block);
    }
  }

  std::uint64_t inode = 0;
  std::int64_t changed = 0;
  std::string content;
  std::string synced;
  std::vector<Change> unsynced;
  std::set<std::uint64_t> holes;  // blocks that take no space
  std::uint64_t reserved = 0;
  const void* locked_by = nullptr;
};

class SimulatedDisk::OpenFile final : public File {
 public:
  // To be called with the disk's lock.
  OpenFile(SimulatedDisk& disk, std::string path, std::shared_ptr<Node> node)
      : disk_(disk), path_(std::move(path)), node_(std::move(node)) {
    disk_.most_open_ = std::max(disk_.most_open_, ++disk_.open_);
  }
  ~OpenFile() override {
    unlock();
    const std::lock_guard lock(disk_.mutex_);
    --disk_.open_;
  }

  IoResult<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    if (const auto error = disk_.ask(Call::read, path_)) return error;
    const std::lock_guard lock(disk_.mutex_);
    const auto bad = disk_.bad_pages_.lower_bound({path_, offset / kBlock});
    if (bad != disk_.bad_pages_.end() && bad->first == path_ &&
        bad->second * kBlock < offset + into.size()) {
      return error_of(EIO);
    }
    disk_.bytes_read_ += into.size();
    const std::string& content = node_->content;
    if (offset >= content.size()) return std::size_t{0};
    return content.copy(into.data(), into.size(), offset);
  }
  IoResult<void> write(std::uint64_t offset, std::string_view bytes) override {
    const auto error = disk_.ask(Call::write, path_);
    const std::lock_guard lock(disk_.mutex_);
    // What fails has come half of the way.
    std::size_t size = error ? bytes.size() / 2 : bytes.size();
    const std::uint64_t before = std::max<std::uint64_t>(node_->content.size(), node_->reserved);
    const std::uint64_t others = disk_.used_locked() - used_by(*node_);
    const std::uint64_t room =
        (disk_.capacity_ - std::min(disk_.capacity_, others)) / kBlock * kBlock;
    bool full = false;
    if (offset + size > std::max(room, before)) {
      size = static_cast<std::size_t>(std::max(room, before) -
                                      std::min(offset, std::max(room, before)));
      full = true;
    }
    change({offset, std::string(bytes.substr(0, size))});
    if (error) return error;
    if (full) return error_of(ENOSPC);
    return {};
  }
  IoResult<void> sync() override {
    const auto error = disk_.ask(Call::sync, path_);
    const std::lock_guard lock(disk_.mutex_);
    if (error) {
      node_->unsynced.clear();
      return error;
    }
    if (disk_.lies_) return {};
    // What was lost in a sync that failed stays lost.
    for (const Node::Change& change : node_->unsynced) Node::apply(change, node_->synced);
    node_->unsynced.clear();
    return {};
  }
  IoResult<void> truncate(std::uint64_t size) override {
    if (const auto error = disk_.ask(Call::truncate, path_)) return error;
    const std::lock_guard lock(disk_.mutex_);
    node_->reserved = 0;
    change({size, std::nullopt});
    return {};
  }
  IoResult<void> reserve(std::uint64_t size) override {
    if (const auto error = disk_.ask(Call::reserve, path_)) return error;
    const std::lock_guard lock(disk_.mutex_);
    const std::uint64_t before = std::exchange(node_->reserved, std::max(size, node_->reserved));
    if (disk_.used_locked() <= disk_.capacity_) return {};
    node_->reserved = before;
    return error_of(ENOSPC);
  }
  IoResult<void> punch(std::uint64_t offset, std::uint64_t size) override {
    if (const auto error = disk_.ask(Call::punch, path_)) return error;
    const std::lock_guard lock(disk_.mutex_);
    change({offset, std::string(size, '\0'), true});
    for (std::uint64_t block = (offset + kBlock - 1) / kBlock;
         (block + 1) * kBlock <= offset + size; ++block) {
      node_->holes.insert(block);
    }
    return {};
  }
  IoResult<FileStatus> status() override {
    const std::lock_guard lock(disk_.mutex_);
    return status_of(*node_);
  }
  IoResult<void> try_lock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (node_->locked_by != nullptr && node_->locked_by != this) return error_of(EAGAIN);
    node_->locked_by = this;
    return {};
  }
  void unlock() override {
    const std::lock_guard lock(disk_.mutex_);
    if (node_->locked_by == this) node_->locked_by = nullptr;
  }

  static FileStatus status_of(const Node& node) {
    FileStatus status;
    status.device = 1;
    status.inode = node.inode;
    status.size = node.content.size();
    status.allocated = used_by(node);
    status.changed_ns = node.changed;
    status.regular = true;
    return status;
  }

 private:
  void change(Node::Change change) {
    node_->change(change);
    node_->changed = ++disk_.time_;
    node_->unsynced.push_back(std::move(change));
  }

  SimulatedDisk& disk_;
  const std::string path_;
  const std::shared_ptr<Node> node_;
};

SimulatedDisk::SimulatedDisk() = default;
SimulatedDisk::~SimulatedDisk() = default;

void SimulatedDisk::plan(Plan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
}
void SimulatedDisk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}
void SimulatedDisk::lie_about_syncs(bool lie) {
  const std::lock_guard lock(mutex_);
  lies_ = lie;
}
void SimulatedDisk::cut_power_at(std::uint64_t nth) {
  const std::lock_guard lock(mutex_);
  cut_at_ = changes_ + nth;
}
std::uint64_t SimulatedDisk::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

error_code SimulatedDisk::ask(Call call, const std::string& path) {
  Plan plan;
  {
    const std::lock_guard lock(mutex_);
    if (changes_something(call)) ++changes_;
    if (cut_at_ != 0 && changes_ >= cut_at_) return error_of(EIO);
    plan = plan_;
  }
  const int error = plan ? plan(call, path) : 0;
  return error == 0 ? error_code() : error_of(error);
}

std::uint64_t SimulatedDisk::used_by(const Node& node) {
  const auto size = std::max<std::uint64_t>(node.content.size(), node.reserved);
  const std::uint64_t blocks = (size + kBlock - 1) / kBlock;
  const auto holes = std::distance(node.holes.begin(), node.holes.lower_bound(blocks));
  return (blocks - static_cast<std::uint64_t>(holes)) * kBlock;
}
std::uint64_t SimulatedDisk::used_locked() const {
  std::uint64_t used = 0;
  for (const auto& [name, node] : names_) used += used_by(*node);
  return used;
}
std::uint64_t SimulatedDisk::used() const {
  const std::lock_guard lock(mutex_);
  return used_locked();
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::after_power_cut(std::mt19937_64& random) const {
  const std::lock_guard lock(mutex_);
  auto after = std::make_unique<SimulatedDisk>();
  after->folders_ = folders_;
  after->next_inode_ = next_inode_;
  // Of each name whatever chance has it: as it was synced or as it is.
  Names names = durable_;
  for (const auto& [name, node] : names_) {
    if (random() % 2 == 0) names[name] = node;
  }
  std::erase_if(
      names, [&](const auto& entry) { return !names_.contains(entry.first) && random() % 2 == 0; });
  for (const auto& [name, node] : names) {
    auto copy = std::make_shared<Node>();
    copy->inode = node->inode;
    copy->content = node->synced;
    for (const Node::Change& change : node->unsynced) {
      if (!change.bytes) {
        if (random() % 2 == 0) copy->change(change);
        continue;
      }
      // Sector by sector.
      for (std::size_t at = 0; at < change.bytes->size();) {
        const std::size_t size =
            std::min(kSector - (change.offset + at) % kSector, change.bytes->size() - at);
        if (random() % 2 == 0) copy->change({change.offset + at, change.bytes->substr(at, size)});
        at += size;
      }
    }
    copy->synced = copy->content;
    copy->take_holes(*node);
    after->names_[name] = copy;
  }
  after->durable_ = after->names_;
  return after;
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::synced_only() const {
  const std::lock_guard lock(mutex_);
  auto after = std::make_unique<SimulatedDisk>();
  after->folders_ = folders_;
  after->next_inode_ = next_inode_;
  for (const auto& [name, node] : durable_) {
    auto copy = std::make_shared<Node>();
    copy->inode = node->inode;
    copy->content = copy->synced = node->synced;
    copy->take_holes(*node);
    after->names_[name] = copy;
  }
  after->durable_ = after->names_;
  return after;
}

void SimulatedDisk::make_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  folders_.push_back(path);
}
std::vector<std::string> SimulatedDisk::files() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [name, node] : names_) all.push_back(name);
  return all;
}
std::string SimulatedDisk::contents(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  return found == names_.end() ? std::string() : found->second->content;
}
void SimulatedDisk::set_contents(const std::string& path, std::string contents) {
  const std::lock_guard lock(mutex_);
  auto& node = names_[path];
  if (!node) {
    node = std::make_shared<Node>();
    node->inode = next_inode_++;
  }
  node->content = node->synced = std::move(contents);
  node->unsynced.clear();
  node->changed = ++time_;
  durable_[path] = node;
}
void SimulatedDisk::spoil_page(const std::string& path, std::uint64_t page) {
  const std::lock_guard lock(mutex_);
  bad_pages_.emplace(path, page);
}

void SimulatedDisk::mend_pages() {
  const std::lock_guard lock(mutex_);
  bad_pages_.clear();
}

std::uint64_t SimulatedDisk::bytes_read() const {
  const std::lock_guard lock(mutex_);
  return bytes_read_;
}

std::size_t SimulatedDisk::most_open() const {
  const std::lock_guard lock(mutex_);
  return most_open_;
}

void SimulatedDisk::flip(const std::string& path, std::uint64_t offset, unsigned bit) {
  const std::lock_guard lock(mutex_);
  Node& node = *names_.at(path);
  for (std::string* const content : {&node.content, &node.synced}) {
    if (offset < content->size()) (*content)[offset] ^= static_cast<char>(1U << bit);
  }
  node.changed = ++time_;
}

IoResult<std::unique_ptr<File>> SimulatedDisk::open(const std::string& path, Mode mode) {
  if (const auto error = ask(Call::open, path)) return error;
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(folders_, folder_of(path)) == folders_.end()) return error_of(ENOENT);
  auto found = names_.find(path);
  if (found == names_.end()) {
    if (mode != Mode::create && mode != Mode::either) return error_of(ENOENT);
    found = names_.emplace(path, std::make_shared<Node>()).first;
    found->second->inode = next_inode_++;
  } else if (mode == Mode::create) {
    return error_of(EEXIST);
  }
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, path, found->second));
}

IoResult<FileStatus> SimulatedDisk::status(const std::string& path) {
  if (const auto error = ask(Call::status, path)) return error;
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  if (found == names_.end()) return error_of(ENOENT);
  return OpenFile::status_of(*found->second);
}

IoResult<std::vector<std::string>> SimulatedDisk::list(const std::string& folder) {
  if (const auto error = ask(Call::list, folder)) return error;
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(folders_, folder) == folders_.end()) return error_of(ENOENT);
  std::vector<std::string> found;
  for (const auto& [name, node] : names_) {
    if (folder_of(name) == folder) found.push_back(name.substr(folder.size() + 1));
  }
  return found;
}

IoResult<void> SimulatedDisk::remove(const std::string& path) {
  if (const auto error = ask(Call::remove, path)) return error;
  const std::lock_guard lock(mutex_);
  return names_.erase(path) == 1 ? IoResult<void>() : error_of(ENOENT);
}

IoResult<void> SimulatedDisk::rename(const std::string& from, const std::string& to) {
  if (const auto error = ask(Call::rename, from)) return error;
  const std::lock_guard lock(mutex_);
  auto moved = names_.extract(from);
  if (moved.empty()) return error_of(ENOENT);
  names_[to] = std::move(moved.mapped());
  return {};
}

IoResult<void> SimulatedDisk::sync_folder(const std::string& folder) {
  if (const auto error = ask(Call::sync_folder, folder)) return error;
  const std::lock_guard lock(mutex_);
  if (lies_) return {};
  std::erase_if(durable_, [&](const auto& entry) {
    return folder_of(entry.first) == folder && !names_.contains(entry.first);
  });
  for (const auto& [name, node] : names_) {
    if (folder_of(name) == folder) durable_[name] = node;
  }
  return {};
}

}  // namespace gateway::test
