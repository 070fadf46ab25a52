#pragma once
#include <span>
#include <string>
#include <string_view>

namespace gateway::auth {

// What a signature of a post is a code of: HMAC-SHA256 with the token, over
//
//   version 1:  <t> "." <body>
//   version 2:  <t> "." <fields> "." <body>
//
// where <fields> has a line `<name>:<value>\n` for Content-Type, if it is there, and for each field
// whose name begins with `ce-`: names in lower case, in ascending order of their bytes; values
// without outer blanks. Version 1 says nothing of these fields, although they decide which event a
// post is: it is accepted only where there are no `ce-` fields.

// One such field of a request; refers to the request's head.
struct SignedField {
  std::string_view name;  // in lower case
  std::string_view value;
};

// A post as its signature sees it; refers to the request.
struct SignedPost {
  std::string_view signature;           // value of X-Cos-Signature
  std::span<const SignedField> fields;  // sorted by name
  std::string_view body;

  [[nodiscard]] bool has_event_fields() const noexcept {
    return !fields.empty() && fields.front().name.starts_with("ce-");
  }
};

// Brings the fields into the order they are signed in.
void sort(std::span<SignedField> fields) noexcept;

// Write what stands before the body; `time` is the signature's t as it is written.
void write_v1_prefix(std::string& out, std::string_view time);
void write_v2_prefix(std::string& out, std::string_view time, std::span<const SignedField> fields);

}  // namespace gateway::auth
