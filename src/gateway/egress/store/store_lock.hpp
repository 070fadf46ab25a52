#pragma once
#include <memory>
#include <string>
#include <utility>

#include "gateway/egress/segments/file_system.hpp"
#include "gateway/egress/segments/store_error.hpp"

namespace gateway::egress {

// Keeps a second owner out of a store: an advisory lock on the file "<path>.lock", which holds the
// owner's process number for people: the number and a line end. Nothing else at that path is
// ever written over. Released by the destructor.
class StoreLock {
 public:
  // Takes the lock of the store at `path`. Errors: in_use, unusable.
  [[nodiscard]] static StoreOutcome<StoreLock> take(FileSystem& files, const std::string& path);

  // Returns whether it is still the lock at its path. If somebody removed the file, another process
  // may own the store by now.
  [[nodiscard]] bool holds() const;

 private:
  StoreLock(FileSystem& files, std::string path, std::unique_ptr<File> file)
      : files_(&files), path_(std::move(path)), file_(std::move(file)) {}

  FileSystem* files_;
  std::string path_;
  std::unique_ptr<File> file_;
};

}  // namespace gateway::egress
