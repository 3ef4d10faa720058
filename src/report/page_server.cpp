#include "report/page_server.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::size_t kTokenBytes = 16;
constexpr std::size_t kMostTarget = 4096;
constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kLook{200};

std::string random_token() {
  unsigned char bytes[kTokenBytes];
  if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    throw std::runtime_error("no random numbers from the system");
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

/// In a time that does not depend on where they differ.
bool same_token(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return false;
  unsigned char differing = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differing |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differing == 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// "a%20b+c" as "a b c"; a '%' without two digits stays.
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      plain += static_cast<char>(16 * hex_digit(text[i + 1]) + hex_digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

PageRequest parse_target(std::string_view target) {
  const std::size_t question = target.find('?');
  PageRequest request{.path = decoded(target.substr(0, question)), .query = {}};
  if (question == target.npos) return request;
  for (const std::string& part : split(target.substr(question + 1), '&')) {
    const std::size_t equals = part.find('=');
    request.query[decoded(std::string_view(part).substr(0, equals))] =
        equals == part.npos ? "" : decoded(std::string_view(part).substr(equals + 1));
  }
  return request;
}

PageAnswer refusal(int status, const std::string& words) {
  return {status, "text/plain; charset=utf-8", words + "\n"};
}

}  // namespace

std::string PageRequest::find(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

struct PageServer::State {
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::steady_timer timer{context};
  std::string token = random_token();
  std::function<PageAnswer(const PageRequest&)> answer;
  std::function<bool()> stop;

  std::uint16_t port() const { return acceptor.local_endpoint().port(); }

  PageAnswer answer_to(const http::request<http::empty_body>& asked) const {
    const std::string host(asked[http::field::host]);
    if (host != fmt::format("127.0.0.1:{}", port()) && host != fmt::format("localhost:{}", port()))
      return refusal(403, "this server answers for 127.0.0.1 alone");
    if (asked.method() != http::verb::get) return refusal(405, "this server only shows pages: expected GET");
    const std::string_view target(asked.target().data(), asked.target().size());
    if (target.size() > kMostTarget) return refusal(414, "the address is too long");
    PageRequest request = parse_target(target);
    if (!same_token(request.find("token"), token))
      return refusal(403, "the address lacks the token that `ablate serve` printed");
    request.query.erase("token");
    try {
      return answer(request);
    } catch (const Error& error) {
      return refusal(500, error.what());
    }
  }

  void accept();
  void look();
};

namespace {

/// One connection, kept alive by what it waits for.
class PageConnection : public std::enable_shared_from_this<PageConnection> {
 public:
  PageConnection(tcp::socket socket, std::function<PageAnswer(const http::request<http::empty_body>&)> answer)
      : stream_(std::move(socket)), answer_(std::move(answer)) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(0);
    stream_.expires_after(kPatience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code failed, std::size_t) {
                       if (!failed) self->write();
                     });
  }

 private:
  void write() {
    const http::request<http::empty_body> asked = parser_->release();
    PageAnswer made = answer_(asked);
    response_ = {};
    response_.version(asked.version());
    response_.result(static_cast<unsigned>(made.status));
    response_.keep_alive(asked.keep_alive());
    response_.set(http::field::content_type, made.type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("Referrer-Policy", "no-referrer");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.set("X-Frame-Options", "DENY");
    response_.body() = std::move(made.body);
    response_.prepare_payload();
    stream_.expires_after(kPatience);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code failed, std::size_t) {
      if (!failed && self->response_.keep_alive()) return self->read();
      beast::error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream stream_;
  std::function<PageAnswer(const http::request<http::empty_body>&)> answer_;
  beast::flat_buffer buffer_{64 << 10};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

void PageServer::State::accept() {
  acceptor.async_accept([this](beast::error_code failed, tcp::socket socket) {
    if (!failed)
      std::make_shared<PageConnection>(std::move(socket), [this](const auto& asked) {
        return answer_to(asked);
      })->read();
    if (failed != asio::error::operation_aborted) accept();
  });
}

void PageServer::State::look() {
  if (stop()) return context.stop();
  timer.expires_after(kLook);
  timer.async_wait([this](beast::error_code failed) {
    if (!failed) look();
  });
}

PageServer::PageServer(std::uint16_t port) : state_(std::make_unique<State>()) {
  const tcp::endpoint here(asio::ip::address_v4::loopback(), port);
  beast::error_code failed;
  state_->acceptor.open(here.protocol(), failed);
  if (!failed) state_->acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) state_->acceptor.bind(here, failed);
  if (!failed) state_->acceptor.listen(tcp::acceptor::max_listen_connections, failed);
  if (failed)
    throw Error(fmt::format("127.0.0.1:{}: {}; --port names another, 0 takes any that is free", port,
                            failed.message()));
}

PageServer::~PageServer() = default;

std::uint16_t PageServer::port() const { return state_->port(); }
const std::string& PageServer::token() const { return state_->token; }
std::string PageServer::address() const {
  return fmt::format("http://127.0.0.1:{}/?token={}", port(), token());
}

void PageServer::serve(const std::function<PageAnswer(const PageRequest&)>& answer,
                       const std::function<bool()>& stop) {
  state_->answer = answer;
  state_->stop = stop;
  state_->accept();
  state_->look();
  state_->context.run();
}

}  // namespace ablate
