#include "gateway/config/yaml_document.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <unordered_map>

namespace gateway::config {
namespace {

// The deepest key, delivery.retry.initial, is nested in three maps; it may contain a list or two.
constexpr std::size_t kMaxDepth = 16;
// The most nodes that aliases may add to a document, which is more than a configuration needs.
constexpr std::size_t kMaxCopied = 1000;
constexpr std::string_view kMergeKey = "<<";
constexpr std::string_view kTextTag = "tag:yaml.org,2002:str";

Position position_of(const YAML::Mark& mark) {
  if (mark.is_null() || mark.line < 0 || mark.column < 0) return {};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

// Thrown by a callback to end the parser, which offers no other way.
class Refused {
 public:
  Refused(const YAML::Mark& mark, std::string message)
      : position_(position_of(mark)), message_(std::move(message)) {}

  [[nodiscard]] Problem problem() const { return Problem{"", position_, "", message_}; }

 private:
  Position position_;
  std::string message_;
};

// Builds a Value from the events of the parser, without the tree of yaml-cpp.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Document& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Value value;
    value.position = position_of(mark);
    keep(anchor, value, mark);
    add(std::move(value), mark);
  }

  // An anchor that encloses the alias is not complete yet, so that no value can contain itself.
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) throw Refused(mark, "an alias (*name) within its own anchor");
    const auto [nodes, depth] = extent_of(found->second);
    copied_ += nodes;
    if (copied_ > kMaxCopied) throw Refused(mark, "aliases (*name) repeat too much");
    if (open_.size() + depth > kMaxDepth) throw Refused(mark, "nested too deeply");
    Value value = found->second;
    value.position = position_of(mark);
    add(std::move(value), mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (!tag.empty() && tag != "?" && tag != "!" && tag != kTextTag) refuse_tag(mark);
    Value value;
    value.kind = Value::Kind::scalar;
    value.position = position_of(mark);
    value.text = text;
    value.quoted = tag == "!" || tag == kTextTag;
    keep(anchor, value, mark);
    add(std::move(value), mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  // Completes the document after an error with what was read up to there, so that the problems in
  // it are reported as well.
  void salvage() {
    while (!open_.empty()) close();
  }

 private:
  // A list or map that has not ended yet.
  struct Open {
    Value value;
    bool name_comes = false;  // of a map: the next node is a member's name
    YAML::anchor_t anchor = 0;
    std::unordered_map<std::string, Position> names;
  };

  class Extent {
   public:
    std::size_t nodes = 1;
    std::size_t depth = 0;
  };
  static Extent extent_of(const Value& value) {
    Extent all;
    const auto add = [&all](const Value& inner) {
      const Extent part = extent_of(inner);
      all.nodes += part.nodes;
      all.depth = std::max(all.depth, part.depth + 1);
    };
    for (const Value& item : value.items) add(item);
    for (const Member& member : value.members) add(member.value);
    return all;
  }

  void keep(YAML::anchor_t anchor, const Value& value, const YAML::Mark& mark) {
    if (anchor == 0) return;
    anchored_[anchor] = value;
    if (document_.warnings.empty()) {
      document_.warnings.push_back(
          {"", position_of(mark), "",
           "anchors (&name) are taken as the original connector takes them; write values out"});
    }
  }

  // YAML "Merge Key": members of the named maps, unless the map has them itself.
  static void merge(Value& map) {
    const auto merges = [](const Member& member) {
      return member.name == kMergeKey && member.value.kind != Value::Kind::scalar;
    };
    std::vector<Value> sources;
    for (Member& member : map.members) {
      if (!merges(member)) continue;
      if (member.value.kind != Value::Kind::list) {
        sources.push_back(member.value);
        continue;
      }
      std::copy(member.value.items.begin(), member.value.items.end(), std::back_inserter(sources));
    }
    if (sources.empty()) return;
    std::erase_if(map.members, merges);
    for (Value& source : sources) {
      for (Member& taken : source.members) {
        const bool has = std::ranges::any_of(
            map.members, [&](const Member& own) { return own.name == taken.name; });
        if (!has) map.members.push_back(std::move(taken));
      }
    }
  }

  static void refuse_tag(const YAML::Mark& mark) {
    throw Refused(mark, "tags (!name) are not supported");
  }

  void open(Value::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (!tag.empty() && tag != "?" && tag != "!") refuse_tag(mark);
    if (open_.size() == kMaxDepth) throw Refused(mark, "nested too deeply");
    if (!open_.empty() && open_.back().name_comes) refuse_name(mark);
    Open entry;
    entry.value.kind = kind;
    entry.value.position = position_of(mark);
    entry.name_comes = kind == Value::Kind::map;
    entry.anchor = anchor;
    open_.push_back(std::move(entry));
  }

  void close() {
    Value value = std::move(open_.back().value);
    const auto anchor = open_.back().anchor;
    open_.pop_back();
    if (value.kind == Value::Kind::map) merge(value);
    keep(anchor, value, YAML::Mark());
    add(std::move(value), YAML::Mark());
  }

  [[noreturn]] static void refuse_name(const YAML::Mark& mark) {
    throw Refused(mark, "the name of a key must be plain text");
  }

  void add(Value value, const YAML::Mark& mark) {
    if (open_.empty()) {
      document_.root = std::move(value);
      return;
    }
    auto& parent = open_.back();
    if (parent.value.kind == Value::Kind::list) {
      parent.value.items.push_back(std::move(value));
    } else if (parent.name_comes) {
      if (value.kind != Value::Kind::scalar) refuse_name(mark);
      Member member;
      member.position = value.position;
      member.name = std::move(value.text);
      const auto [earlier, added] = parent.names.emplace(member.name, member.position);
      if (!added) member.repeats = earlier->second;
      parent.value.members.push_back(std::move(member));
      parent.name_comes = false;
    } else {
      parent.value.members.back().value = std::move(value);
      parent.name_comes = true;
    }
  }

  Document& document_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Value> anchored_;
  std::size_t copied_ = 0;
};

std::string_view line_of(std::string_view text, unsigned line) {
  for (; line > 1; --line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

bool tab_in_indentation(std::string_view line) {
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

// Returns the message of the parser with what usually helps. What follows a colon in it is taken
// from the text, which may be a secret, and left out.
Problem syntax_problem(const YAML::Exception& error, std::string_view text) {
  const auto position = position_of(error.mark);
  const std::string reason = error.msg.substr(0, error.msg.find(": "));
  std::string message = "not YAML: " + reason;
  if (position.line != 0 && tab_in_indentation(line_of(text, position.line))) {
    message += "; the line is indented with a tab, YAML takes spaces only";
  } else if (reason == "unknown token") {
    message += "; text that begins with a character such as @ or % goes in quotes";
  } else if (reason == "illegal map value") {
    message += "; check the indentation, and quote text that holds ': '";
  } else if (reason == "end of map not found" || reason == "illegal map key") {
    message += "; check the indentation, and quote text that begins with [ or {";
  }
  return Problem{"", position, "", std::move(message)};
}

// Returns a problem with the first line that is not UTF-8 or contains NUL, or nullopt.
std::optional<Problem> encoding_problem(std::string_view text) {
  const auto nul = text.find('\0');
  if (nul == std::string_view::npos && simdjson::validate_utf8(text.data(), text.size())) {
    return std::nullopt;
  }
  unsigned line = 1;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto here = text.substr(at, end - at);
    if (here.find('\0') != std::string_view::npos) {
      return Problem{"", {line, 0}, "", "holds a NUL byte; the text must be UTF-8"};
    }
    if (!simdjson::validate_utf8(here.data(), here.size())) break;
    at = end + 1;
  }
  return Problem{"", {line, 0}, "", "is not UTF-8"};
}

}  // namespace

std::string_view kind_name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::null: return "nothing";
    case Value::Kind::scalar: return "text";
    case Value::Kind::list: return "a list";
    case Value::Kind::map: return "a map";
  }
  return "";
}

Document read_yaml(std::string_view text) {
  Document document;
  if (text.size() > kMaxDocumentBytes) {
    document.problems.push_back(
        {"", {}, "", fmt::format("larger than {} bytes", kMaxDocumentBytes)});
    return document;
  }
  if (auto problem = encoding_problem(text)) {
    document.problems.push_back(std::move(*problem));
    return document;
  }
  TreeBuilder builder(document);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      Document second;
      TreeBuilder unwanted(second);
      if (parser.HandleNextDocument(unwanted)) {
        document.problems.push_back({"", second.root.position, "", "holds more than one document"});
      }
    }
  } catch (const YAML::Exception& error) {
    document.problems.push_back(syntax_problem(error, text));
  } catch (const Refused& refused) {
    document.problems.push_back(refused.problem());
  }
  if (!document.problems.empty()) builder.salvage();
  return document;
}

}  // namespace gateway::config
