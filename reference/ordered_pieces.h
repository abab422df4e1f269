// A long stream made in pieces on several threads and consumed in order on the caller's.
#ifndef DELTAGAUGE_REFERENCE_ORDERED_PIECES_H_
#define DELTAGAUGE_REFERENCE_ORDERED_PIECES_H_

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace deltagauge::reference {

// Fills `piece`, which holds an older piece's bytes: assign or resize. Called on worker threads,
// for different indices at once.
using MakePiece = std::function<void(size_t index, std::vector<std::byte>& piece)>;
// Called on the caller's thread, for index 0, 1, 2, ...
using ConsumePiece = std::function<void(size_t index, std::span<const std::byte> piece)>;

// Returns when all pieces are consumed. What either function throws is thrown here, after the
// workers have ended. At most 2 * workers + 1 pieces exist at a time, whatever their number.
void MakeInOrder(size_t pieces, int workers, const MakePiece& make, const ConsumePiece& consume);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_ORDERED_PIECES_H_
