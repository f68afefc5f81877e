"""The questions that `investiq validate` asks of what runs, one module for each subject; `validate_live` lists them."""
