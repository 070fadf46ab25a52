#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/formats.hpp"
#include "gateway/config/report.hpp"
#include "gateway/config/yaml_document.hpp"

namespace gateway::config {

// One key: fills a variable from a node of the document, and prints it.
class Field {
 public:
  enum class Shape { scalar, list, map };

  explicit Field(Shape shape, bool secret = false) : shape_(shape), secret_(secret) {}
  virtual ~Field() = default;
  Field(const Field&) = delete;
  Field& operator=(const Field&) = delete;

  [[nodiscard]] Shape shape() const noexcept { return shape_; }
  // Its values are never shown, and it may stand in the secret file.
  [[nodiscard]] bool secret() const noexcept { return secret_; }

  // Takes `value`, which is not null, or reports what is wrong with it. The variable keeps what it
  // had if nothing was right.
  virtual void read(const std::string& path, const Value& value, Report& report) = 0;
  // Flow YAML, on one line.
  [[nodiscard]] virtual std::string print() const = 0;
  // Type and bounds for the reference, as Markdown.
  [[nodiscard]] virtual std::string allowed() const = 0;

 protected:
  // `expected 1 or 2, got "3"; hint`
  void refuse(const std::string& path, const Value& value, std::string_view expected,
              const Refused& refused, Report& report) const;

 private:
  Shape shape_;
  bool secret_;
};

// More than any list or map of the configuration has use for, and few enough to compare each item
// with all others.
constexpr std::size_t kMaxItems = 100;

// How a message names what it found: the text, shortened and escaped, or its kind.
[[nodiscard]] std::string describe(const Value& value);

[[nodiscard]] std::string too_many_items(std::size_t count);

template <class T, class Format>
class ScalarField final : public Field {
 public:
  ScalarField(T& variable, Format format)
      : Field(Shape::scalar), variable_(variable), format_(std::move(format)) {}

  void read(const std::string& path, const Value& value, Report& report) override {
    if (value.kind != Value::Kind::scalar) {
      refuse(path, value, format_.expected(), {}, report);
      return;
    }
    auto parsed = format_.parse({value.text, value.quoted});
    if (!parsed) {
      refuse(path, value, format_.expected(), parsed.error(), report);
      return;
    }
    if constexpr (requires { format_.warning(Scalar{}); }) {
      if (const auto warning = format_.warning({value.text, value.quoted}); !warning.empty()) {
        report.warning(value.position, path, std::string(warning));
      }
    }
    variable_ = *std::move(parsed);
    report.gave(path, value.position);
  }

  [[nodiscard]] std::string print() const override { return format_.print(variable_); }
  [[nodiscard]] std::string allowed() const override { return format_.allowed(); }

 private:
  T& variable_;
  Format format_;
};

template <class Format>
class ListField final : public Field {
 public:
  ListField(std::vector<std::string>& variable, Format format)
      : Field(Shape::list), variable_(variable), format_(std::move(format)) {}

  void read(const std::string& path, const Value& value, Report& report) override {
    if (value.kind != Value::Kind::list) {
      refuse(path, value, "a list, each item " + format_.expected(), {}, report);
      return;
    }
    if (value.items.size() > kMaxItems) {
      report.problem(value.position, path, too_many_items(value.items.size()));
      return;
    }
    report.gave(path, value.position);
    std::vector<std::string> items;
    for (const auto& item : value.items) {
      if (item.kind != Value::Kind::scalar) {
        refuse(path, item, format_.expected(), {}, report);
        continue;
      }
      auto parsed = format_.parse({item.text, item.quoted});
      if (!parsed) {
        refuse(path, item, format_.expected(), parsed.error(), report);
      } else if (std::find(items.begin(), items.end(), *parsed) != items.end()) {
        report.problem(item.position, path, "given twice: " + describe(item));
      } else {
        items.push_back(*std::move(parsed));
      }
    }
    if (!report.bad(path)) variable_ = std::move(items);
  }

  [[nodiscard]] std::string print() const override {
    std::string text = "[";
    for (const auto& item : variable_) {
      if (text.size() > 1) text += ", ";
      text += format_.print(item);
    }
    return text + "]";
  }
  [[nodiscard]] std::string allowed() const override { return "list of " + format_.allowed(); }

 private:
  std::vector<std::string>& variable_;
  Format format_;
};

class SecretField final : public Field {
 public:
  explicit SecretField(Secret& variable) : Field(Shape::scalar, true), variable_(variable) {}
  void read(const std::string& path, const Value& value, Report& report) override;
  [[nodiscard]] std::string print() const override { return SecretText{}.print(variable_); }
  [[nodiscard]] std::string allowed() const override { return SecretText{}.allowed(); }

 private:
  Secret& variable_;
};

// Headers to add to every request. Merged by name, whatever its case: a later source replaces the
// values it names and keeps the others.
class HeadersField final : public Field {
 public:
  using Headers = std::vector<std::pair<std::string, Secret>>;

  explicit HeadersField(Headers& variable) : Field(Shape::map, true), variable_(variable) {}
  void read(const std::string& path, const Value& value, Report& report) override;
  [[nodiscard]] std::string print() const override;
  [[nodiscard]] std::string allowed() const override {
    return "map of names of headers to text, secret";
  }

 private:
  void read_header(const std::string& path, const Member& member, Report& report);

  Headers& variable_;
};

// Status codes and what they are to mean. Merged by code, as headers are by name.
class TreatmentsField final : public Field {
 public:
  using Treatments = std::map<unsigned, Treatment>;

  explicit TreatmentsField(Treatments& variable) : Field(Shape::map), variable_(variable) {}
  void read(const std::string& path, const Value& value, Report& report) override;
  [[nodiscard]] std::string print() const override;
  [[nodiscard]] std::string allowed() const override;

 private:
  Treatments& variable_;
};

}  // namespace gateway::config
