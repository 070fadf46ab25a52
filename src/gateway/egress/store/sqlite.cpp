#include "gateway/egress/store/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <system_error>

namespace gateway::egress::sqlite {

Database::Database(const std::string& path, int flags) {
  const int code = sqlite3_open_v2(path.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_extended_result_codes(handle_, 1);
    return;
  }
  const int system_error = handle_ != nullptr ? sqlite3_system_errno(handle_) : 0;
  std::string text = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  if (system_error != 0) text += ": " + std::generic_category().message(system_error);
  sqlite3_close(handle_);
  throw Error(code, system_error, text);
}

Database::~Database() {
  // With every statement gone before it, this cannot fail; _v2 would outlive one that is not.
  sqlite3_close_v2(handle_);
}

void Database::check(int code) const {
  if (code != SQLITE_OK) fail(code);
}

void Database::fail(int code) const {
  const int primary = code & 0xFF;
  const bool of_system = primary == SQLITE_IOERR || primary == SQLITE_FULL ||
                         primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY;
  const int system_error = of_system ? sqlite3_system_errno(handle_) : 0;
  std::string text = sqlite3_errmsg(handle_);
  if (system_error != 0) text += ": " + std::generic_category().message(system_error);
  throw Error(code, system_error, text);
}

void Database::run(const std::string& sql) {
  check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr));
}

std::int64_t Database::integer(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? std::string(statement.text(0)) : std::string();
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  database_.check(sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                     SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  database_.check(sqlite3_bind_int64(handle_, parameter, value));
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null pointer would mean NULL. The destructor argument is what SQLITE_STATIC stands for.
  database_.check(sqlite3_bind_text64(handle_, parameter, text.empty() ? "" : text.data(),
                                      text.size(), nullptr, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
  database_.check(sqlite3_bind_blob64(handle_, parameter, bytes.empty() ? "" : bytes.data(),
                                      bytes.size(), nullptr));
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  database_.check(sqlite3_bind_null(handle_, parameter));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  try {
    database_.fail(code);
  } catch (...) {
    reset();  // only now: it would take the message with it
    throw;
  }
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() noexcept {
  // It repeats the error of the last step, which has been dealt with.
  static_cast<void>(sqlite3_reset(handle_));
}

bool Statement::is_null(int column) const noexcept {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const noexcept {
  return sqlite3_column_int64(handle_, column);
}

std::string_view Statement::text(int column) const {
  const void* const bytes = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (bytes == nullptr || size <= 0) {
    // A value that could not be loaded must not be taken for an empty one.
    const int code = sqlite3_errcode(database_.handle());
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) database_.fail(code);
    return {};
  }
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself, and says so.
  if (open_ && sqlite3_get_autocommit(database_.handle()) == 0) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace gateway::egress::sqlite
