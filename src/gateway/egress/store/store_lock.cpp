#include "gateway/egress/store/store_lock.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace gateway::egress {
namespace {

constexpr std::size_t kMostContent = 16;

enum class Content : std::uint8_t {
  ours,  // nothing yet, or a number and a line end
  part,  // a number: of what was written, a failure or a power cut has left no more; or of another
         // program
  foreign
};

// Zeros may stand behind it, or in place of all of it after a power cut.
Content recognise(std::string_view content) noexcept {
  constexpr std::string_view kZero("\0", 1);
  if (content.size() >= kMostContent) return Content::foreign;
  content = content.substr(0, content.find_last_not_of(kZero) + 1);
  if (content.empty()) return Content::ours;
  const auto digits = std::min(content.find_first_not_of("0123456789"), content.size());
  if (digits == 0 || content.front() == '0') return Content::foreign;
  const std::string_view rest = content.substr(digits);
  if (rest.empty()) return Content::part;
  return rest == "\n" ? Content::ours : Content::foreign;
}

}  // namespace

StoreOutcome<StoreLock> StoreLock::take(FileSystem& files, const std::string& store) {
  const std::string path = store + ".lock";
  const auto error = [&](StoreError::Kind kind, std::string_view text) {
    return StoreError(kind, fmt::format("{}: {}", path, text));
  };
  auto file = files.open(path, FileSystem::Mode::either);
  if (!file) return error(StoreError::Kind::unusable, file.error().message());
  std::string owner(kMostContent, '\0');
  const auto got = (*file)->read(0, owner);
  if (!got) return error(StoreError::Kind::unusable, got.error().message());
  owner.resize(*got);
  const Content content = recognise(owner);
  if (content == Content::foreign) {
    return error(StoreError::Kind::unusable,
                 "is no lock of this program and is left as it is; move it away, or name another "
                 "path for the store");
  }
  if (const auto locked = (*file)->try_lock(); !locked) {
    if (locked.error() != boost::system::errc::resource_unavailable_try_again) {
      return error(StoreError::Kind::unusable, locked.error().message());
    }
    std::string text = "is in use by another process";
    owner.resize(std::min(owner.size(), owner.find_first_not_of("0123456789")));
    if (content == Content::ours && !owner.empty()) text += fmt::format(" (pid {})", owner);
    return error(StoreError::Kind::in_use, text);
  }
  // In one write, so that a power cut leaves either. The lock holds all the same on a full device,
  // and on a file that may be another program's, which nothing is written into.
  std::string number = fmt::format("{}\n", getpid());
  number.resize(std::max(number.size(), owner.size()), '\0');
  if (content == Content::ours) static_cast<void>((*file)->write(0, number));
  return StoreLock(files, path, std::move(*file));
}

bool StoreLock::holds() const {
  const auto held = file_->status();
  const auto at_path = files_->status(path_);
  return held && at_path && held->same_file(*at_path);
}

}  // namespace gateway::egress
