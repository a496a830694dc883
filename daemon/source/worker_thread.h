// WorkerThread: one thread of the data path: its io_context, its collector, and its sockets of
// every listener. Handlers never hop threads.
//
// Life: open() (all sockets bound, nothing read), start(), stop() from another thread, join().
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "source/collector.h"
#include "source/tcp.h"
#include "source/udp.h"

namespace vakt::source {

class WorkerThread {
 public:
  WorkerThread(Context& context, std::shared_ptr<const Loaded> loaded);
  ~WorkerThread();

  // Before start(). They return the port, and `receive_buffer_bytes` what the kernel gave.
  Result<std::uint16_t> open_tcp(const TcpOptions& options);
  Result<std::uint16_t> open_udp(const UdpOptions& options, std::size_t& receive_buffer_bytes);
  void start();

  // Runs on this thread, after what was posted before.
  void post(std::function<void(Collector&)> job);

  // Changes over to other rules. Before stop().
  void adopt(std::unique_ptr<engine::Worker> worker, std::shared_ptr<Adoption> adoption);

  // Reads what has arrived, closes everything, hands all over to the engine, and ends; what the
  // engine has not taken when `patience` is over is dropped and counted.
  void stop(std::chrono::milliseconds patience);
  void join();

 private:
  void run();
  void begin_stop(std::chrono::milliseconds patience);
  void end_if_done();
  void give_up();
  void room();

  Context& context_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  boost::asio::steady_timer patience_;
  Collector collector_;
  std::unique_ptr<char[]> read_buffer_;
  DatagramSlab slab_;
  std::vector<std::unique_ptr<Tcp>> tcp_;
  std::vector<std::unique_ptr<Udp>> udp_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace vakt::source
