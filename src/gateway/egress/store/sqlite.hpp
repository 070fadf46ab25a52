#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

// SQLite with RAII: what is opened is closed, what is begun is ended. Errors are thrown, as no call
// here has anything to do about them; EventStore turns them into values. Not thread-safe.
namespace gateway::egress::sqlite {

class Error : public std::runtime_error {
 public:
  Error(int code, int system_error, const std::string& text)
      : std::runtime_error(text), code_(code), system_error_(system_error) {}

  // The primary result code, e.g. SQLITE_FULL.
  [[nodiscard]] int code() const noexcept { return code_ & 0xFF; }
  // The device could not be read or written, which leaves open what of it is as it was written.
  [[nodiscard]] bool of_device() const noexcept { return code() == kDeviceError; }
  // errno of the system call that failed last, or 0.
  [[nodiscard]] int system_error() const noexcept { return system_error_; }

 private:
  static constexpr int kDeviceError = 10;  // SQLITE_IOERR

  int code_;
  int system_error_;
};

class Database {
 public:
  // `flags`: SQLITE_OPEN_*.
  Database(const std::string& path, int flags);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // One or more statements without results of interest.
  void run(const std::string& sql);
  // The first column of the first row; 0 or empty without one.
  [[nodiscard]] std::int64_t integer(std::string_view sql);
  [[nodiscard]] std::string text(std::string_view sql);

  // Throws unless `code` is SQLITE_OK.
  void check(int code) const;
  [[noreturn]] void fail(int code) const;
  [[nodiscard]] sqlite3* handle() const noexcept { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

// A prepared statement, used many times. Must go before its database.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Parameters count from 1. Text and blobs are referred to until the next reset().
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind_blob(int parameter, std::string_view bytes);
  Statement& bind_null(int parameter);

  // True: there is a row. Otherwise it has been reset.
  [[nodiscard]] bool step();
  // Steps to the end.
  void run();
  void reset() noexcept;

  // Columns of the row, from 0. Views last until the next step() or reset().
  [[nodiscard]] bool is_null(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] std::string_view text(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

// Resets a statement whose rows are not read to the end: until then it would keep its snapshot.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) noexcept : statement_(statement) {}
  ~ResetAtEnd() { statement_.reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

// A writing transaction; rolled back unless commit() succeeded.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace gateway::egress::sqlite
