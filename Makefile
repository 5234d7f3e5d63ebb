# make book    build the book and serve it at http://127.0.0.1:8000 (another port: make book PORT=8001)
# make html    build only                make serve   serve only
# make test    run every test            make clean   remove everything that make made
# make check CHAPTER=softmax    one chapter, in a minute or two
# Each target sets up .venv by itself. To choose the Python: make book PYTHON=/path/to/python3.13

PORT = 8000
export PYTHON

# The Python that starts the scripts in tools/. They find a newer one where this one is too old.
STARTER := $(firstword $(PYTHON) $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,\
             $(shell command -v $(name) 2>/dev/null)) no-python)

.PHONY: book html serve test check clean no-python

book: $(filter no-python,$(STARTER))
	@$(STARTER) tools/serve_book.py --check --port $(PORT)
	@$(MAKE) --no-print-directory html
	@$(STARTER) tools/serve_book.py --port $(PORT)

html: $(filter no-python,$(STARTER))
	@$(STARTER) tools/setup_environment.py book
	@.venv/bin/python tools/build_book.py

serve: $(filter no-python,$(STARTER))
	@$(STARTER) tools/serve_book.py --port $(PORT)

test: $(filter no-python,$(STARTER))
	@$(STARTER) tools/run_tests.py

check: $(filter no-python,$(STARTER))
	@$(STARTER) tools/setup_environment.py tests
	@.venv/bin/python tools/check_chapter.py $(CHAPTER)

clean:
	rm -rf _build .venv .venv-colab .venv-peers .ruff_cache .pytest_cache build dist *.egg-info
	find . -name .git -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -exec rm -rf {} +

no-python:
	@echo "There is no Python on this machine. Install Python 3.11 or newer (https://www.python.org/downloads/)"
	@echo "and run the same command again."
	@exit 1
