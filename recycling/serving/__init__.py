"""``recycling serve``: a page on the loopback address over a folder of runs.

It reads and never writes; ``finding`` alone turns what is in the folder into names, and a request
names one of these or gets nothing: no path of a request is ever joined to a folder.
"""
