#include "reference/ordered_pieces.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace deltagauge::reference {
namespace {

// A ring of buffers. Workers claim indices in order, so the piece that the consumer waits for is
// always being made or made: nobody waits for ever.
class Ring {
 public:
  Ring(size_t pieces, size_t slots) : pieces_(pieces), slots_(slots) {}

  void Work(const MakePiece& make) {
    std::unique_lock lock(mutex_);
    while (true) {
      space_.wait(lock, [&] { return stopped_ || claimed_ < consumed_ + slots_.size(); });
      if (stopped_ || claimed_ == pieces_) return;
      const size_t index = claimed_++;
      Slot& slot = slots_[index % slots_.size()];
      lock.unlock();
      try {
        make(index, slot.piece);
        lock.lock();
      } catch (...) {
        lock.lock();
        if (!failure_) failure_ = std::current_exception();
        StopLocked();
        return;
      }
      slot.made = true;
      made_.notify_one();
    }
  }

  void Consume(const ConsumePiece& consume) {
    std::unique_lock lock(mutex_);
    while (consumed_ < pieces_) {
      Slot& slot = slots_[consumed_ % slots_.size()];
      made_.wait(lock, [&] { return slot.made || failure_; });
      if (failure_) std::rethrow_exception(failure_);
      lock.unlock();
      consume(consumed_, slot.piece);  // only this thread writes consumed_
      lock.lock();
      slot.made = false;
      ++consumed_;
      space_.notify_all();
    }
  }

  void Stop() {
    const std::lock_guard lock(mutex_);
    StopLocked();
  }

 private:
  struct Slot {
    std::vector<std::byte> piece;
    bool made = false;
  };

  void StopLocked() {
    stopped_ = true;
    space_.notify_all();
    made_.notify_all();
  }

  const size_t pieces_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable space_, made_;
  size_t claimed_ = 0, consumed_ = 0;
  bool stopped_ = false;
  std::exception_ptr failure_;
};

// Ends the workers before what they use goes away.
class Workers {
 public:
  Workers(Ring& ring, int count, const MakePiece& make) : ring_(ring) {
    try {
      for (int i = 0; i < count; ++i) threads_.emplace_back([&ring, &make] { ring.Work(make); });
    } catch (...) {
      Join();
      throw;
    }
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() { Join(); }

 private:
  void Join() {
    ring_.Stop();
    for (std::thread& thread : threads_) thread.join();
  }

  Ring& ring_;
  std::vector<std::thread> threads_;
};

}  // namespace

void MakeInOrder(size_t pieces, int workers, const MakePiece& make, const ConsumePiece& consume) {
  Ring ring(pieces, 2 * static_cast<size_t>(workers) + 1);
  const Workers running(ring, workers, make);
  ring.Consume(consume);
}

}  // namespace deltagauge::reference
