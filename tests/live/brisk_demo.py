"""`pasokh demo` whose agents send a picture with most of their answers: on a channel that few write on, one takes minutes else."""

from services.__main__ import main
from services.demo import agents

agents.FILE_PROBABILITY = 0.6

if __name__ == "__main__":
    main()
