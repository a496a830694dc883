#include "source/worker_thread.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "source/named_thread.h"

namespace vakt::source {

namespace asio = boost::asio;

WorkerThread::WorkerThread(Context& context, std::shared_ptr<const Loaded> loaded)
    : context_(context),
      guard_(asio::make_work_guard(io_)),
      patience_(io_),
      collector_(context, io_, std::move(loaded), [this] { room(); }),
      read_buffer_(std::make_unique_for_overwrite<char[]>(kReadBytes)) {}

WorkerThread::~WorkerThread() { join(); }

Result<std::uint16_t> WorkerThread::open_tcp(const TcpOptions& options) {
  auto acceptor = listen_tcp(io_, options.where);
  if (!acceptor) return tl::make_unexpected(acceptor.error());
  const std::uint16_t port = acceptor->local_endpoint().port();
  tcp_.push_back(
      std::make_unique<Tcp>(collector_, read_buffer_.get(), options, std::move(*acceptor)));
  return port;
}

Result<std::uint16_t> WorkerThread::open_udp(const UdpOptions& options,
                                             std::size_t& receive_buffer_bytes) {
  auto socket = bind_udp(io_, options.where, options.receive_buffer_bytes);
  if (!socket) return tl::make_unexpected(socket.error());
  receive_buffer_bytes = socket->receive_buffer_bytes;
  const std::uint16_t port = socket->socket.local_endpoint().port();
  udp_.push_back(std::make_unique<Udp>(collector_, slab_, options, std::move(*socket)));
  return port;
}

void WorkerThread::start() {
  for (const auto& tcp : tcp_) tcp->start();
  for (const auto& udp : udp_) udp->start();
  thread_ = named_thread("vakt-worker", [this] { run(); });
}

void WorkerThread::run() { io_.run(); }

void WorkerThread::post(std::function<void(Collector&)> job) {
  asio::post(io_, [this, job = std::move(job)] {
    job(collector_);
    collector_.end_turn();
  });
}

void WorkerThread::adopt(std::unique_ptr<engine::Worker> worker,
                         std::shared_ptr<Adoption> adoption) {
  asio::post(io_, [this, worker = std::move(worker), adoption = std::move(adoption)]() mutable {
    collector_.adopt(std::move(worker), std::move(adoption));
  });
}

void WorkerThread::stop(std::chrono::milliseconds patience) {
  asio::post(io_, [this, patience] { begin_stop(patience); });
}

void WorkerThread::begin_stop(std::chrono::milliseconds patience) {
  if (std::exchange(stopping_, true)) return;
  patience_.expires_after(patience);
  patience_.async_wait([this](boost::system::error_code error) {
    if (!error) give_up();
  });
  for (const auto& udp : udp_) udp->stop();
  for (const auto& tcp : tcp_) tcp->stop([this] { end_if_done(); });
  end_if_done();
}

void WorkerThread::room() {
  for (const auto& tcp : tcp_) tcp->resume();
  if (stopping_) end_if_done();
}

void WorkerThread::end_if_done() {
  for (const auto& tcp : tcp_)
    if (!tcp->closed()) return;
  collector_.seal_all();
  if (!collector_.empty()) return;
  patience_.cancel();
  guard_.reset();
}

void WorkerThread::give_up() {
  for (const auto& tcp : tcp_) tcp->close_all();
  collector_.seal_all();
  collector_.drop_waiting();
  guard_.reset();
}

void WorkerThread::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace vakt::source
