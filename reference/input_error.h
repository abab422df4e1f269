// What is wrong with something that came from outside: a file, a configuration, an argument.
#ifndef DELTAGAUGE_REFERENCE_INPUT_ERROR_H_
#define DELTAGAUGE_REFERENCE_INPUT_ERROR_H_

#include <stdexcept>
#include <string>
#include <utility>

namespace deltagauge::reference {

// "model.safetensors: tensor 'norm.weight': expected shape [1024], found [512]; is this the
// checkpoint that config.json describes?"
class InputError : public std::runtime_error {
 public:
  // `where` is the file, with line and column or the tensor where there is one; `hint`, which may
  // be empty, says how to mend it.
  InputError(std::string where, std::string what, std::string hint = {})
      : std::runtime_error((where.empty() ? what : where + ": " + what) +
                           (hint.empty() ? "" : "; " + hint)),
        where_(std::move(where)),
        problem_(std::move(what)),
        hint_(std::move(hint)) {}

  const std::string& where() const { return where_; }
  const std::string& problem() const { return problem_; }
  const std::string& hint() const { return hint_; }

 private:
  std::string where_;
  std::string problem_;
  std::string hint_;
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_INPUT_ERROR_H_
