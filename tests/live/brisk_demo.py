"""`pasokh demo` in which enough happens on every channel, and agents answer within seconds, mostly with a picture.

As the demo is, a channel that few write on has its first answer after a minute.
"""

from services.__main__ import main
from services.demo import agents, running

agents.FILE_PROBABILITY = 0.6
agents.MAX_RESPONSE_DELAY_SECONDS = 2.0
agents.SILENCE_SECONDS = (2.0, 6.0)
running.SHARES.update({channel: max(share, 0.1) for channel, share in running.SHARES.items()})

if __name__ == "__main__":
    main()
