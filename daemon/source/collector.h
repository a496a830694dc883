// Collector: frames of one worker thread to batches, batches to hits, hits to the engine's queue.
//
// One open batch a listener. It is sealed (matched and sent off) when it is full; at the end of a
// read turn when the engine has nothing to do, so that an idle daemon adds no delay; else after
// 2 ms.
// When the queue is full, sealed batches wait here and streams are not read; datagrams are read on
// until the byte budget is used up, and then dropped and counted.
//
// Thread: its worker's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/worker.h"
#include "framing/framer.h"
#include "source/context.h"

namespace vakt::source {

class Collector {
 public:
  // `on_room` is called after a wake-up: readers that waited may go on.
  Collector(Context& context, boost::asio::io_context& io, std::shared_ptr<const Loaded> loaded,
            std::function<void()> on_room);

  // What comes from here on goes through the rules of `adoption`; `worker` was made for them.
  void adopt(std::unique_ptr<engine::Worker> worker, std::shared_ptr<Adoption> adoption);

  // A frame of a stream or a request: always taken. True: malformed (and stored as it is).
  bool add(const framing::Frame& frame, const engine::Origin& origin);
  // Of a sender that does not wait: dropped and counted when memory says so.
  void add_datagram(const framing::Frame& frame, const engine::Origin& origin);
  // Frames that become no event.
  void ignore_empty(std::uint16_t listener, std::uint64_t frames);
  void reject(std::uint16_t listener, metrics::Rejected reason);
  void count_bytes(std::uint16_t listener, std::uint64_t bytes);

  // While set, every batch that takes a frame holds this ticket.
  void set_ticket(std::shared_ptr<Ticket> ticket) { ticket_ = std::move(ticket); }

  // A batch apart from the open ones, for a request that is stored whole or not at all.
  std::unique_ptr<Work> begin(std::uint16_t listener, std::size_t raw_bytes, std::size_t events);
  bool add_to(Work& work, const framing::Frame& frame, const engine::Origin& origin);
  void submit(std::unique_ptr<Work> work);

  void end_turn();
  void seal_all();
  // Should streams rest? Asks to be woken if so.
  bool streams_rest();
  // Nothing open, nothing waiting.
  bool empty() const;
  // What waits for the queue is dropped: the daemon stops and the engine does not take it.
  void drop_waiting();

  Context& context() { return context_; }
  boost::asio::io_context& io() { return io_; }

 private:
  struct Tally {  // not yet in the counters
    std::uint64_t received = 0;
    std::uint64_t bytes = 0;
    std::uint64_t unparsed = 0;
    std::uint64_t ignored = 0;
    std::uint64_t kept = 0;
  };
  struct Slot {
    std::unique_ptr<Work> open;
    Tally tally;
  };

  bool add_open(Slot& slot, const framing::Frame& frame, const engine::Origin& origin);
  void drop_datagram(std::string_view frame, const engine::Origin& origin, metrics::Dropped reason);
  std::unique_ptr<Work> take(std::uint16_t listener);
  void publish(std::uint16_t listener);
  void seal(Slot& slot);
  void match(Work& work);
  void tell_expiry(const match::Hidden& expired);
  void measure(const Work& work);
  void push(std::unique_ptr<Work> work);
  void push_waiting();
  void arm_timer();
  void woken();

  Context& context_;
  boost::asio::io_context& io_;
  std::function<void()> on_room_;
  std::size_t sleeper_;
  std::shared_ptr<const Loaded> loaded_;
  std::unique_ptr<engine::Worker> worker_;
  std::vector<Slot> slots_;  // by listener
  std::deque<std::unique_ptr<Work>> waiting_;
  std::shared_ptr<Ticket> ticket_;
  boost::asio::steady_timer timer_;
  bool timer_armed_ = false;
};

}  // namespace vakt::source
