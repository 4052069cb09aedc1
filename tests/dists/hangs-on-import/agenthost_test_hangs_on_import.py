"""Does not come back within the time that loading may take."""

import time

time.sleep(60)
