#pragma once
#include <string>

namespace gateway::load {

// A line on standard error that is rewritten in place; nothing where that is no terminal.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `share` of the whole, 0 to 1; `label` says what is going on.
  void show(double share, const std::string& label);
  // Makes room for other output.
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
};

}  // namespace gateway::load
