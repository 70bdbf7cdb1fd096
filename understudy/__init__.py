"""understudy: what the stages of the face-replacement pipeline share.

Importing it, or anything of it, settles the instruction set that libraries loaded afterwards compute with (see
`understudy.arithmetic`); it must therefore come before numpy, torch and OpenCV.
"""

from understudy.arithmetic import settle

settle()
