// Pages that are made when they are asked for, for browsers on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace ablate {

struct PageRequest {
  std::string path;                                 ///< "/", "/update"
  std::map<std::string, std::string> query;         ///< Decoded; without the token.
  std::string find(const std::string& name) const;  ///< Empty: it was not given.
};

struct PageAnswer {
  int status = 200;
  std::string type = "text/html; charset=utf-8";
  std::string body;
};

/// HTTP on 127.0.0.1 alone. A request is answered where it is a GET, names this machine as its host (so that
/// no page from elsewhere asks by way of a name of its own), and has the token; any other is refused. One
/// request is answered at a time; a connection without a word is closed after half a minute.
class PageServer {
 public:
  /// Port 0: any that is free. Throws Error where the port is taken.
  explicit PageServer(std::uint16_t port);
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  std::uint16_t port() const;
  const std::string& token() const;  ///< 128 random bits as hexadecimal digits.
  std::string address() const;       ///< "http://127.0.0.1:PORT/?token=..."

  /// Until `stop`, which is asked several times a second. What `answer` throws is answered with its message
  /// and status 500.
  void serve(const std::function<PageAnswer(const PageRequest&)>& answer, const std::function<bool()>& stop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ablate
